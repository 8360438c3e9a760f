import { join } from 'node:path';
import { KilnError } from '../../errors';
import type { Exec } from '../../ports/machine/exec';
import type { WheelTarget } from './wheel-tags';

/** A release, as the resolver names it. */
export interface Pin {
  readonly name: string;
  readonly version: string;
}

export interface BuildWanted extends WheelTarget {
  /** PEP 508 requirements. */
  readonly requires: readonly string[];
  /** kiln's own folder. */
  readonly home: string;
}

/** The newest C library that uv has a name for; wheels for a newer one are rare. */
const NEWEST_GLIBC = 40;

/** Setuptools before this one makes wheels by a package of its own, which it asks for when it runs. */
const OWN_WHEEL = [70, 1];

function needsWheel(pins: readonly Pin[]): boolean {
  const setuptools = pins.find(({ name }) => name === 'setuptools');
  if (setuptools === undefined || pins.some(({ name }) => name === 'wheel')) return false;
  const [major = 0, minor = 0] = setuptools.version.split('.').map((part) => Number.parseInt(part, 10));
  const [ownMajor = 0, ownMinor = 0] = OWN_WHEEL;
  return major < ownMajor || (major === ownMajor && minor < ownMinor);
}

async function compile(
  { requires, python, glibc, home }: BuildWanted,
  { exec, base }: { readonly exec: Exec; readonly base: () => Promise<string> },
): Promise<Pin[]> {
  const minor = Math.min(NEWEST_GLIBC, Number(glibc.split('.')[1]));
  const result = await exec
    .run(
      join(home, '.venv/bin/uv'),
      [
        ...['pip', 'compile', '-', '--quiet', '--python', join(home, '.venv/bin/python')],
        ...['--python-version', python, '--python-platform', `x86_64-manylinux_2_${String(minor)}`],
        ...['--only-binary', ':all:', '--no-header', '--no-annotate', '--no-config', '--no-cache'],
      ],
      {
        input: `${requires.join('\n')}\n`,
        // The certificates that pip and the rest of this machine trust.
        env: { UV_DEFAULT_INDEX: await base(), UV_INDEX: '', UV_FIND_LINKS: '', UV_SYSTEM_CERTS: '1' },
      },
    )
    .catch((error: unknown) => {
      const said = error instanceof Error ? error.message.split('\n').slice(1).join('\n') : String(error);
      throw new KilnError({
        code: 'unresolvable',
        what: `the wheels that build the code package cannot be resolved for Python ${python}: ${requires.join(', ')}\n${said}`,
        hint: 'correct build-system.requires in its pyproject.toml; kiln builds by wheels alone, never by source distributions',
        cause: error,
      });
    });
  return result.stdout.split('\n').flatMap((line) => {
    const match = /^([A-Za-z0-9._-]+)==(\S+)/.exec(line);
    return match === null ? [] : [{ name: match[1] ?? '', version: match[2] ?? '' }];
  });
}

/**
 * What a build needs, dependencies included, as uv resolves it for the image's Python: not for this machine's.
 * @throws KilnError `unresolvable` in the resolver's words.
 */
export async function buildWheels(
  wanted: BuildWanted,
  ports: { readonly exec: Exec; readonly base: () => Promise<string> },
): Promise<Pin[]> {
  if (wanted.requires.length === 0) return [];
  const pins = await compile(wanted, ports);
  return needsWheel(pins)
    ? await compile({ ...wanted, requires: [...wanted.requires, 'wheel'] }, ports)
    : pins;
}
