import type { PypiInput, Use } from '../../contracts/lock';
import { KilnError } from '../../errors';
import type { Exec } from '../../ports/machine/exec';
import { normalised, type IndexFile, type PythonIndex } from '../../ports/inputs/python-index';
import type { Step } from '../step';
import { buildWheels } from './build-wheels';
import { bestWheel, type WheelTarget } from './wheel-tags';

export interface PypiWanted {
  readonly spark: string;
  /** `project==version` each. */
  readonly samples: readonly string[];
  /** PEP 518 requirements of the code package's build. */
  readonly buildRequires: readonly string[];
  /** What the build runs on: known when the environment is solved. */
  readonly target: () => Promise<WheelTarget>;
  /** kiln's own folder. */
  readonly home: string;
}

interface Ports {
  readonly index: PythonIndex;
  readonly exec: Exec;
  /** Address of the simple index, for pip. */
  readonly base: () => Promise<string>;
  readonly step: Step;
}

export const pinned = (use: Use, name: string, version: string, found: IndexFile): PypiInput => ({
  use,
  source: 'pypi',
  name,
  version,
  file: found.file,
  size: found.size,
  sha256: found.sha256,
});

const absent = (what: string, hint: string): KilnError => new KilnError({ code: 'unresolvable', what, hint });

/** The version part of a file name, compared as the index writes it. */
export function ofVersion(files: readonly IndexFile[], name: string, version: string): IndexFile[] {
  const stem = normalised(name);
  return files.filter((f) => {
    const [project, release] = /^(.+?)-(\d[^-]*?)(?:\.tar\.gz|\.zip|-.*\.whl)$/.exec(f.file)?.slice(1) ?? [];
    return project !== undefined && normalised(project) === stem && release === version;
  });
}

async function sdist(index: PythonIndex, name: string, version: string): Promise<IndexFile> {
  const files = await index.files(name);
  if (files === undefined)
    throw absent(`the Python index has no project ${name}`, 'correct its name in factory.yaml');
  const found = ofVersion(files, name, version);
  const best =
    found.find((f) => f.file.endsWith('.tar.gz')) ?? found.find((f) => f.file.endsWith('-none-any.whl'));
  if (best === undefined) {
    throw absent(
      `the Python index has no source distribution of ${name} ${version}`,
      'correct its version in factory.yaml',
    );
  }
  return best;
}

/** Spark itself, the sample data, and what builds the code package. */
export async function resolvePypi(
  wanted: PypiWanted,
  { index, exec, base, step }: Ports,
): Promise<PypiInput[]> {
  const spark = pinned('spark', 'pyspark', wanted.spark, await sdist(index, 'pyspark', wanted.spark));
  const samples = await Promise.all(
    wanted.samples.map(async (sample) => {
      const [name = '', version = ''] = sample.split('==');
      return pinned('samples', name, version, await sdist(index, name, version));
    }),
  );
  const target = await wanted.target();
  const build = { requires: wanted.buildRequires, home: wanted.home, ...target };
  const code = await Promise.all(
    (await buildWheels(build, { exec, base })).map(async ({ name, version }) => {
      const found = bestWheel(ofVersion((await index.files(name)) ?? [], name, version), target);
      if (found === undefined) {
        throw absent(
          `the Python index has no wheel of ${name} ${version} for Python ${target.python}`,
          'name another release in build-system.requires of the code package',
        );
      }
      return pinned('code', normalised(name), version, found);
    }),
  );
  step(
    `pypi: pyspark ${wanted.spark}, ${String(samples.length)} samples, ${String(code.length)} wheels to build the code package`,
  );
  return [spark, ...samples, ...code];
}
