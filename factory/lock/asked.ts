import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPackage, type PackageFacts } from '../code/build-system';
import type { JarSpec, Spec } from '../contracts/spec';
import type { Project } from '../project';
import { readSpec, type ReadSpec } from '../spec/read';
import { parsePackageList } from './debian/package-list';

/** Everything that decides what a lock holds, read without any network. */
export interface Asked extends ReadSpec {
  readonly code: PackageFacts;
  /** Base packages that kiln itself needs. */
  readonly packages: {
    readonly os: readonly string[];
    readonly tools: readonly string[];
    readonly code: readonly string[];
  };
  /** Digest of all that: the lock's `spec`. */
  readonly digest: string;
}

const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();

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
    buildRequires: sorted(asked.code.buildRequires),
    os: sorted(asked.packages.os),
    tools: sorted(asked.packages.tools),
    builders: sorted(asked.packages.code),
  };
  return `sha256:${createHash('sha256').update(JSON.stringify(counted)).digest('hex')}`;
}

/** @throws KilnError `spec-invalid` with all faults. */
export function readAsked(project: Project): Asked {
  const read = readSpec(project);
  const list = (name: string): string[] =>
    parsePackageList(readFileSync(join(project.home, 'images', 'layers', name, 'packages'), 'utf8'));
  const parts = {
    ...read,
    code: readPackage(join(project.root, read.spec.code), read.spec.code),
    packages: { os: list('os'), tools: list('tools'), code: list('code') },
  };
  return { ...parts, digest: digestOf(parts) };
}
