import { z } from 'zod';
import type { CondaInput } from '../../contracts/lock';
import type { Channels } from '../../ports/inputs/channels';
import type { Exec } from '../../ports/machine/exec';
import type { SparkLine } from '../../spec/compatibility';
import type { Environment } from '../../spec/environment';
import { SHADOWS } from '../../spec/environment/shadows';
import { pythonBounds, runsOnPython } from '../../spec/resolve';
import type { Step } from '../step';
import { askHelper, unresolvable } from './helper';

const Solved = z.object({
  packages: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      build: z.string(),
      channel: z.string(),
      subdir: z.enum(['linux-64', 'noarch']),
      file: z.string(),
      size: z.int().positive(),
      sha256: z.string(),
    }),
  ),
  unknown: z.array(z.string()),
});

interface Ports {
  readonly exec: Exec;
  readonly channels: Channels;
  readonly step: Step;
}

/** What the code package asks the environment for. */
export interface Needs {
  /** Its pyproject.toml, as the user knows it. */
  readonly file: string;
  readonly requires: readonly string[];
  readonly requiresPython: string | undefined;
  readonly spark: string;
}

export interface CondaWanted {
  /** The environment file, as the user knows it. */
  readonly file: string;
  readonly environment: Environment;
  readonly line: SparkLine;
  /** The image's, not this machine's. */
  readonly glibc: string;
  /** kiln's own folder. */
  readonly home: string;
  /** Folder for the channels' indexes. */
  readonly cache: string;
  readonly needs: Needs;
}

export interface CondaSolved {
  readonly packages: readonly CondaInput[];
  /** Requirements of the code package whose names no conda package has. */
  readonly unknown: readonly string[];
}

/** Solves the conda environment by rattler. */
export async function resolveConda(
  { file, environment, line, glibc, home, cache, needs }: CondaWanted,
  { exec, channels, step }: Ports,
): Promise<CondaSolved> {
  const bases = await Promise.all(
    environment.channels.map(async (name) => [name, await channels.base(name)] as const),
  );
  const request = {
    op: 'lock',
    environment: file,
    channels: Object.fromEntries(bases),
    dependencies: environment.dependencies.map(({ spec, where, channel }) => ({
      spec,
      where,
      channel: channel ?? null,
    })),
    python: pythonBounds(line),
    shadows: SHADOWS,
    glibc,
    platform: 'linux-64',
    cache,
    code: {
      file: needs.file,
      requires: needs.requires,
      requires_python: needs.requiresPython ?? null,
      spark: needs.spark,
    },
  };
  const { packages, unknown } = await askHelper(request, Solved, { file, home, exec });
  const python = packages.find(({ name }) => name === 'python')?.version ?? 'none';
  if (!runsOnPython(line, python)) {
    const what = `${pythonBounds(line).words}; solved was ${python}`;
    throw unresolvable(file, [{ where: file, what, hint: 'ask for a Python that it runs on' }]);
  }
  step(`conda: ${String(packages.length)} packages from ${environment.channels.join(', ')}`);
  return { packages: packages.map((p) => ({ use: 'conda', source: 'conda', ...p })), unknown };
}
