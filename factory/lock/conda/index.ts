import { join } from 'node:path';
import { z } from 'zod';
import type { CondaInput } from '../../contracts/lock';
import { KilnError } from '../../errors';
import type { Channels } from '../../ports/inputs/channels';
import type { Exec } from '../../ports/machine/exec';
import type { SparkLine } from '../../spec/compatibility';
import type { Environment } from '../../spec/environment';
import { SHADOWS } from '../../spec/environment/shadows';
import { pythonBounds, runsOnPython } from '../../spec/resolve';
import type { Step } from '../step';

/** What the Python helper (factory/conda) answers. */
const Answer = z.union([
  z.object({
    faults: z.array(z.object({ where: z.string(), what: z.string(), hint: z.string() })).min(1),
  }),
  z.object({
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
  }),
]);

interface Ports {
  readonly exec: Exec;
  readonly channels: Channels;
  readonly step: Step;
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
  /** What the code package asks the environment for. */
  readonly needs: {
    /** Its pyproject.toml, as the user knows it. */
    readonly file: string;
    readonly requires: readonly string[];
    readonly requiresPython: string | undefined;
    readonly spark: string;
  };
}

/** Solves the conda environment by rattler. */
export async function resolveConda(
  { file, environment, line, glibc, home, cache, needs }: CondaWanted,
  { exec, channels, step }: Ports,
): Promise<CondaInput[]> {
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
  const result = await exec.run(join(home, '.venv', 'bin', 'python'), ['-m', 'kiln_conda'], {
    // What judges the requirements here judges them in the image too.
    env: {
      PYTHONPATH: ['factory/conda', 'images/layers/code', 'images/layers/conda']
        .map((folder) => join(home, folder))
        .join(':'),
    },
    input: JSON.stringify(request),
    accept: [0, 1, 2, 3],
  });
  const answer = parse(result.stdout, result.stderr);
  if ('faults' in answer) throw unresolvable(file, answer.faults);
  const python = answer.packages.find(({ name }) => name === 'python')?.version ?? 'none';
  if (!runsOnPython(line, python)) {
    const what = `${pythonBounds(line).words}; solved was ${python}`;
    throw unresolvable(file, [{ where: file, what, hint: 'ask for a Python that it runs on' }]);
  }
  if (answer.unknown.length > 0) {
    step(
      `conda: no package is called as ${needs.file} asks for: ${answer.unknown.join(', ')}; the bake tells whether another one has it`,
    );
  }
  step(`conda: ${String(answer.packages.length)} packages from ${environment.channels.join(', ')}`);
  return answer.packages.map((p) => ({ use: 'conda', source: 'conda', ...p }));
}

/** One fault speaks for itself. */
function unresolvable(
  file: string,
  faults: readonly { readonly where: string; readonly what: string; readonly hint: string }[],
): KilnError {
  const [first, ...more] = faults;
  return first !== undefined && more.length === 0
    ? new KilnError({
        code: 'unresolvable',
        what: first.what,
        faults: [{ where: first.where, what: first.hint }],
      })
    : new KilnError({
        code: 'unresolvable',
        what: `${String(faults.length)} reasons why ${file} cannot be solved`,
        faults,
      });
}

function parse(stdout: string, stderr: string): z.infer<typeof Answer> {
  try {
    return Answer.parse(JSON.parse(stdout));
  } catch (error) {
    throw new KilnError({
      code: 'command-failed',
      what: `the conda helper gave no answer:\n${stderr.trim().split('\n').slice(-8).join('\n')}`,
      hint: 'is its Python environment whole? tools/setup makes it',
      cause: error,
    });
  }
}
