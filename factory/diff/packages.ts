import type { Input, Lock } from '../contracts/lock';

/** What kind of package, as people call it. */
type PackageKind = 'deb' | 'jar' | 'conda' | 'pypi';

export interface PackageChange {
  readonly kind: PackageKind;
  readonly name: string;
  /** Version; null when it was not there. */
  readonly before: string | null;
  /** Version; null when it is gone. */
  readonly after: string | null;
}

const KINDS: Readonly<Record<Input['source'], PackageKind>> = {
  debian: 'deb',
  maven: 'jar',
  conda: 'conda',
  pypi: 'pypi',
};

/** What writes the disk, and the jobs' sample data, do not stand in an image. */
const isInImage = ({ use }: Input): boolean => use !== 'tools' && use !== 'samples';

/** conda names a build beside the version: another build is another package. */
const versionOf = (input: Input): string =>
  input.source === 'conda' ? `${input.version} ${input.build}` : input.version;

/** A package that stands in an image. */
export interface NamedPackage {
  readonly kind: PackageKind;
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

/** What a lock puts into an image, by kind and name. */
export const packagesOf = (lock: Lock): ReadonlyMap<string, NamedPackage> =>
  new Map(
    lock.inputs.filter(isInImage).map((input) => {
      const kind = KINDS[input.source];
      return [
        `${kind}\0${input.name}`,
        { kind, name: input.name, version: versionOf(input), sha256: input.sha256 },
      ] as const;
    }),
  );

/** Packages of two locks that are not the same bytes in both, by kind and name. */
export function packageChanges(before: Lock, after: Lock): readonly PackageChange[] {
  const [one, two] = [packagesOf(before), packagesOf(after)];
  return [...new Set([...one.keys(), ...two.keys()])].sort().flatMap((key) => {
    const [a, b] = [one.get(key), two.get(key)];
    const either = b ?? a;
    if (either === undefined || a?.sha256 === b?.sha256) return [];
    const { kind, name } = either;
    return [{ kind, name, before: a?.version ?? null, after: b?.version ?? null }];
  });
}
