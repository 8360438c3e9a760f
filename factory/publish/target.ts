import { type Fault, KilnError } from '../errors';
import type { Declaration, Platform, Request } from './platform';
import { PLATFORMS } from './platforms';

/** A platform, and what is asked of it. */
export interface Target {
  readonly platform: Platform;
  readonly request: Request;
}

type Declarations = Readonly<Record<string, Declaration>>;

/** The platform and the places of a word such as `aws:eu-central-1,us-east-1`; undefined when it is none. */
function split(word: string, platforms: Declarations): readonly [string, readonly string[]] | undefined {
  const at = word.indexOf(':');
  const [name, places] = [
    word.slice(0, at),
    word
      .slice(at + 1)
      .split(',')
      .filter((place) => place !== ''),
  ];
  return at > 0 && Object.hasOwn(platforms, name) && places.length > 0 ? [name, places] : undefined;
}

/**
 * What `--to` and the options ask for, every fault in one go.
 * @param to targets of one platform; several count as one.
 * @throws KilnError `publish-invalid`.
 */
export async function parseTarget(
  to: readonly string[],
  options: Readonly<Record<string, unknown>>,
  platforms: Declarations = PLATFORMS,
): Promise<Target> {
  const faults: Fault[] = [];
  const places: string[] = [];
  const names = new Set<string>();
  for (const word of to) {
    const found = split(word, platforms);
    if (found === undefined) {
      const examples = Object.values(platforms).map(({ example }) => example);
      faults.push({ where: `--to ${word}`, what: `must be ${examples.join('; or ')}` });
    } else {
      names.add(found[0]);
      places.push(...found[1]);
    }
  }
  if (names.size > 1)
    faults.push({ where: '--to', what: `names ${[...names].join(' and ')}: one platform at a time` });
  const [name = ''] = names;
  const platform = names.size === 1 ? await platforms[name]?.load() : undefined;
  const request = platform?.parse([...new Set(places)], options, faults);
  if (platform !== undefined && request !== undefined && faults.length === 0) return { platform, request };
  throw new KilnError({
    code: 'publish-invalid',
    what: 'this cannot be published',
    hint: 'kiln publish --help has examples',
    exitCode: 2,
    faults,
  });
}
