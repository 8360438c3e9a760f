import { KilnError } from '../../errors';
import type { Exec } from '../../ports/machine/exec';
import { saidBy, uvCompile, type Pin } from './uv';
import type { WheelTarget } from './wheel-tags';

export interface BuildWanted extends WheelTarget {
  /** PEP 508 requirements. */
  readonly requires: readonly string[];
  /** kiln's own folder. */
  readonly home: string;
}

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
  wanted: BuildWanted,
  ports: { readonly exec: Exec; readonly base: () => Promise<string> },
): Promise<Pin[]> {
  try {
    return await uvCompile(wanted, ports);
  } catch (error) {
    throw new KilnError({
      code: 'unresolvable',
      what: `the wheels that build the code package cannot be resolved for Python ${wanted.python}: ${wanted.requires.join(', ')}\n${saidBy(error)}`,
      hint: 'correct build-system.requires in its pyproject.toml; kiln builds by wheels alone, never by source distributions',
      cause: error,
    });
  }
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
