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

function packagesOf(lock: Lock): ReadonlyMap<string, Input> {
  return new Map(
    lock.inputs.filter(isInImage).map((input) => [`${KINDS[input.source]}\0${input.name}`, input] as const),
  );
}

/** Packages of two locks that are not the same bytes in both, by kind and name. */
export function packageChanges(before: Lock, after: Lock): readonly PackageChange[] {
  const [one, two] = [packagesOf(before), packagesOf(after)];
  return [...new Set([...one.keys(), ...two.keys()])].sort().flatMap((key) => {
    const [a, b] = [one.get(key), two.get(key)];
    const input = b ?? a;
    if (input === undefined || a?.sha256 === b?.sha256) return [];
    return [
      {
        kind: KINDS[input.source],
        name: input.name,
        before: a === undefined ? null : versionOf(a),
        after: b === undefined ? null : versionOf(b),
      },
    ];
  });
}
