import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPackage, type PackageFacts } from '../code/build-system';
import type { JarSpec, Spec } from '../contracts/spec';
import type { Project } from '../project';
import { declaredLayers } from '../recipes';
import type { PipPart } from '../spec/environment/pip';
import type { PipRequirement } from '../spec/environment/requirement';
import { readSpec, type ReadSpec } from '../spec/read';
import { parsePackageList } from './debian/package-list';

/** Everything that decides what a lock holds, read without any network. */
export interface Asked extends ReadSpec {
  readonly code: PackageFacts;
  /** Debian packages that kiln itself needs, by what they are for; the first is the base. */
  readonly packages: readonly PackageList[];
  /** Digest of all that: the lock's `spec`. */
  readonly digest: string;
}

/** The file `packages` of a layer, or of the tools that build the disk. */
interface PackageList {
  readonly use: string;
  readonly names: readonly string[];
  /** Without what they depend on. */
  readonly alone: boolean;
}

/** How a list is called in the digest, from when there were three. */
const COUNTED_AS: Readonly<Record<string, string>> = { code: 'builders' };

const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();

const isEmpty = ({ requirements }: PipPart): boolean => requirements.length === 0;
const pipText = ({ text, hashes }: PipRequirement): string => [text, ...sorted(hashes)].join(' ');

/** The lock's `condaWithout`. */
export const withoutOf = ({ conda }: Spec): string[] => sorted(conda.without);

const jarText = ({ jar, exclude, force }: JarSpec): string =>
  exclude === undefined && force === undefined
    ? jar
    : JSON.stringify([jar, sorted(exclude ?? []), force ?? null]);

/**
 * Comments, order, what only says where things lie (registry, channels, gates, mirrors) and how the
 * inputs are treated (jars, classData, conda.without: they stand in the lock) do not count: no input has to be
 * resolved again for them.
 */
function digestOf(asked: Omit<Asked, 'digest'>): string {
  const { spec, environment, resolution } = asked;
  const counted = {
    image: spec.image,
    spark: spec.spark,
    debian: spec.debian ?? null,
    java: spec.java ?? null,
    debs: sorted(spec.debs),
    // The order of jars decides between versions; what they conflict with depends on which of Spark's are there.
    jars: spec.maven.length === 0 ? [] : [...spec.maven.map(jarText), resolution.choices.jars.value],
    samples: sorted(spec.samples),
    // The order of channels is their precedence.
    channels: environment.channels,
    dependencies: sorted(environment.dependencies.map(({ text }) => text)),
    ...(isEmpty(environment.pip)
      ? {}
      : {
          pip: sorted(environment.pip.requirements.map(pipText)),
          constraints: sorted(environment.pip.constraints.map(pipText)),
        }),
    buildRequires: sorted(asked.code.buildRequires),
    ...Object.fromEntries(asked.packages.map(({ use, names }) => [COUNTED_AS[use] ?? use, sorted(names)])),
  };
  return `sha256:${createHash('sha256').update(JSON.stringify(counted)).digest('hex')}`;
}

/** @throws KilnError `spec-invalid` with all faults. */
export function readAsked(project: Project): Asked {
  const read = readSpec(project);
  const list = (name: string): string[] =>
    parsePackageList(readFileSync(join(project.home, 'images', 'layers', name, 'packages'), 'utf8'));
  const declared = declaredLayers(project.home);
  const listed = (alone: boolean): readonly PackageList[] =>
    declared
      .filter(({ packages }) => packages === (alone ? 'alone' : 'with-dependencies'))
      .map(({ name }) => ({ use: name, names: list(name), alone }));
  const parts = {
    ...read,
    code: readPackage(join(project.root, read.spec.code), read.spec.code),
    packages: [...listed(false), { use: 'tools', names: list('tools'), alone: false }, ...listed(true)],
  };
  return { ...parts, digest: digestOf(parts) };
}
