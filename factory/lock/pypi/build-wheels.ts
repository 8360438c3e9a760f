import { KilnError } from '../../errors';
import type { Exec } from '../../ports/machine/exec';
import { needsWheel, wrongSetuptools } from './setuptools';
import { saidBy, uvCompile, type Pin } from './uv';
import type { WheelTarget } from './wheel-tags';

export interface BuildWanted extends WheelTarget {
  /** PEP 508 requirements. */
  readonly requires: readonly string[];
  /** kiln's own folder. */
  readonly home: string;
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
 * @throws KilnError `unresolvable` in the resolver's words, or because that Python cannot run the setuptools it takes.
 */
export async function buildWheels(
  wanted: BuildWanted,
  ports: { readonly exec: Exec; readonly base: () => Promise<string> },
): Promise<Pin[]> {
  if (wanted.requires.length === 0) return [];
  const pins = await compile(wanted, ports);
  const wrong = wrongSetuptools(pins, wanted.python);
  if (wrong !== undefined) {
    throw new KilnError({
      code: 'unresolvable',
      what: `the code package cannot be built by ${wanted.requires.join(', ')}: ${wrong.what}`,
      hint: wrong.hint,
    });
  }
  return needsWheel(pins)
    ? await compile({ ...wanted, requires: [...wanted.requires, 'wheel'] }, ports)
    : pins;
}
