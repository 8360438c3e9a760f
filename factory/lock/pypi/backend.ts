import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { parse } from 'smol-toml';
import { z } from 'zod';
import { KilnError } from '../../errors';
import type { Exec } from '../../ports/exec';

/** What PEP 518 says of a project that names nothing. */
const DEFAULT_REQUIRES = ['setuptools'];

const Requires = z.object({
  'build-system': z.object({ requires: z.array(z.string()).default(DEFAULT_REQUIRES) }).default({
    requires: DEFAULT_REQUIRES,
  }),
});

/** `[build-system] requires` of a pyproject.toml. */
export function buildRequires(pyproject: string): readonly string[] {
  const bad = (what: string): KilnError =>
    new KilnError({ code: 'spec-invalid', exitCode: 2, what, hint: 'correct it' });
  let project: unknown;
  try {
    project = parse(readFileSync(pyproject, 'utf8'));
  } catch (error) {
    throw bad(
      `${pyproject} cannot be read: ${error instanceof Error ? error.message.trim() : String(error)}`,
    );
  }
  const read = Requires.safeParse(project);
  if (!read.success) throw bad(`${pyproject}: build-system.requires must be a list of requirements`);
  return read.data['build-system'].requires;
}

/** pip's installation report, the fields kiln uses. */
const Report = z.object({
  install: z.array(
    z.object({
      metadata: z.object({ name: z.string(), version: z.string() }),
      download_info: z.object({ url: z.string() }),
    }),
  ),
});

export interface Wheel {
  readonly name: string;
  readonly version: string;
  readonly file: string;
}

/**
 * The wheels that a build needs, dependencies included, as pip resolves them. Only pure ones: they
 * are the same for every interpreter, so that the lock does not depend on this machine's.
 */
export async function wheelsOf(
  requires: readonly string[],
  { exec, base }: { readonly exec: Exec; readonly base: () => Promise<string> },
): Promise<Wheel[]> {
  if (requires.length === 0) return [];
  const result = await exec
    .run(
      'python3',
      [
        ...['-m', 'pip', 'install', '--quiet', '--dry-run', '--ignore-installed', '--break-system-packages'],
        ...['--only-binary', ':all:', '--report', '-', ...requires],
      ],
      // What this machine keeps beside the index (find-links) is not what a mirror serves.
      {
        env: { PIP_INDEX_URL: await base(), PIP_EXTRA_INDEX_URL: '', PIP_FIND_LINKS: '', PIP_NO_INDEX: '0' },
      },
    )
    .catch((error: unknown) => {
      throw new KilnError({
        code: 'unresolvable',
        what: `the wheels that build the code package cannot be resolved: ${requires.join(', ')}\n${error instanceof Error ? error.message : String(error)}`,
        hint: 'correct build-system.requires in its pyproject.toml',
        cause: error,
      });
    });
  const wheels = Report.parse(JSON.parse(result.stdout)).install.map((item) => ({
    name: item.metadata.name,
    version: item.metadata.version,
    file: decodeURIComponent(posix.basename(new URL(item.download_info.url).pathname)),
  }));
  const impure = wheels.filter((wheel) => !wheel.file.endsWith('-none-any.whl'));
  if (impure.length > 0) {
    throw new KilnError({
      code: 'unresolvable',
      what: 'the code package needs build wheels that are not pure Python',
      hint: 'take a build backend in pure Python, such as flit_core, hatchling or setuptools',
      faults: impure.map((wheel) => ({ where: 'build-system.requires', what: wheel.file })),
    });
  }
  return wheels;
}
