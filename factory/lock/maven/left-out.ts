/** Whether a file name matches a shell pattern of `*` and `?`. */
const matcher = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );

/**
 * Which of Spark's jars a slim image lacks as a whole.
 * @param list text of images/layers/spark/slim-LINE.list.
 */
export function leftOut(list: string): (file: string) => boolean {
  const patterns = list
    .split('\n')
    .map((line) => line.split(/\s/, 1)[0] ?? '')
    .filter((pattern) => pattern.endsWith('.jar') && !pattern.startsWith('#') && !/[!/]/.test(pattern))
    .map(matcher);
  return (file) => patterns.some((pattern) => pattern.test(file));
}
