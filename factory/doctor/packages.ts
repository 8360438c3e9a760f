/** A line of tools/packages. */
export interface PackageNeed {
  readonly package: string;
  /** Programs on PATH or absolute paths; any one shows that it is there. */
  readonly signs: readonly string[];
  readonly purpose: string;
}

export function parsePackages(text: string): PackageNeed[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [fields = '', purpose = ''] = line.split('#');
      const [name = '', ...signs] = fields.trim().split(/\s+/);
      return { package: name, signs, purpose: purpose.trim() };
    });
}
