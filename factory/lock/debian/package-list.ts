/** Names in a package list file: one a line, `#` starts a comment. */
export const parsePackageList = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
