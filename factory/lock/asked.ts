import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Spec } from '../contracts/spec';
import type { Project } from '../project';
import { readSpec, type ReadSpec } from '../spec/read';
import { parsePackageList } from './debian/package-list';
import { buildRequires } from './pypi';

/** Everything that decides what a lock holds, read without any network. */
export interface Asked extends ReadSpec {
  readonly buildRequires: readonly string[];
  /** Base packages that kiln itself needs. */
  readonly packages: { readonly os: readonly string[]; readonly tools: readonly string[] };
  /** Digest of all that: the lock's `spec`. */
  readonly digest: string;
}

const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();

/** The lock's `condaWithout`. */
export const withoutOf = ({ conda }: Spec): string[] => sorted(conda.without);

/**
 * Comments, order, what only says where things lie (registry, channels, gates, mirrors) and how the
 * inputs are treated (jars, classData, conda.without: they stand in the lock) do not count: no input has to be
 * resolved again for them.
 */
function digestOf(asked: Omit<Asked, 'digest' | 'resolution'>): string {
  const { spec, environment } = asked;
  const counted = {
    image: spec.image,
    spark: spec.spark,
    debian: spec.debian ?? null,
    java: spec.java ?? null,
    debs: sorted(spec.debs),
    jars: sorted(spec.maven),
    samples: sorted(spec.samples),
    // The order of channels is their precedence.
    channels: environment.channels,
    dependencies: sorted(
      environment.dependencies.map((d) => (typeof d === 'string' ? d : JSON.stringify(d))),
    ),
    buildRequires: sorted(asked.buildRequires),
    os: sorted(asked.packages.os),
    tools: sorted(asked.packages.tools),
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
    buildRequires: buildRequires(join(project.root, read.spec.code, 'pyproject.toml')),
    packages: { os: list('os'), tools: list('tools') },
  };
  return { ...parts, digest: digestOf(parts) };
}
