import { join } from 'node:path';
import type { Exec } from '../../ports/machine/exec';
import type { WheelTarget } from './wheel-tags';

/** A release, as the resolver names it. */
export interface Pin {
  readonly name: string;
  readonly version: string;
}

export interface UvWanted extends WheelTarget {
  /** PEP 508 requirements. */
  readonly requires: readonly string[];
  /** Bounds on what is taken, without asking for it. */
  readonly constraints?: string;
  /** A folder of wheels beside the index. */
  readonly wheels?: string;
  /** kiln's own folder. */
  readonly home: string;
}

/** The newest C library that uv has a name for; wheels for a newer one are rare. */
const NEWEST_GLIBC = 40;

/** `uv pip compile` for the image's Python: all releases that are needed, wheels alone. Rejects as `exec.run` does. */
export async function uvCompile(
  { requires, constraints, wheels, python, glibc, home }: UvWanted,
  { exec, base }: { readonly exec: Exec; readonly base: () => Promise<string> },
): Promise<Pin[]> {
  const minor = Math.min(NEWEST_GLIBC, Number(glibc.split('.')[1]));
  const result = await exec.run(
    join(home, '.venv/bin/uv'),
    [
      ...['pip', 'compile', '-', '--quiet', '--python', join(home, '.venv/bin/python')],
      ...['--python-version', python, '--python-platform', `x86_64-manylinux_2_${String(minor)}`],
      ...['--only-binary', ':all:', '--no-header', '--no-annotate', '--no-config', '--no-cache'],
      ...(constraints === undefined ? [] : ['--constraint', constraints]),
      ...(wheels === undefined ? [] : ['--find-links', wheels]),
    ],
    {
      input: `${requires.join('\n')}\n`,
      // The certificates that pip and the rest of this machine trust.
      env: { UV_DEFAULT_INDEX: await base(), UV_INDEX: '', UV_FIND_LINKS: '', UV_SYSTEM_CERTS: '1' },
    },
  );
  return result.stdout.split('\n').flatMap((line) => {
    const match = /^([A-Za-z0-9._-]+)==(\S+)/.exec(line);
    return match === null ? [] : [{ name: match[1] ?? '', version: match[2] ?? '' }];
  });
}

/** What uv said, of the error that its run ended with. */
export const saidBy = (error: unknown): string =>
  error instanceof Error ? error.message.split('\n').slice(1).join('\n') : String(error);
