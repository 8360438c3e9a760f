import type { Input, MavenInput, Use } from '../../contracts/lock';
import { defined } from '../../defined';
import { KilnError } from '../../errors';
import type { Http } from '../../ports/inputs/http';
import type { Step } from '../step';
import { artifactPath, coordinatesText, type Coordinates } from './coordinates';
import { readFileOf } from './repository';

/** Keeps a stream that has the given sha1, and says what it is by size and sha256. */
export type Keep = (
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  sha1: string,
) => Promise<{ readonly size: number; readonly sha256: string }>;

/**
 * A jar by its content.
 * @param known inputs locked before: a released artifact never changes, so its pin is taken over unread.
 */
export async function pin(
  use: Use,
  coordinates: Coordinates,
  known: readonly Input[],
  {
    http,
    base,
    keep,
    step,
  }: { readonly http: Http; readonly base: string; readonly keep: Keep; readonly step: Step },
): Promise<MavenInput> {
  const { group, artifact, version, classifier } = coordinates;
  const path = artifactPath(coordinates, 'jar');
  const name = `${group}:${artifact}`;
  const entry = {
    ...({ use, source: 'maven', name, version } as const),
    ...defined({ classifier }),
    path,
  };
  const before = known.find((input) => input.source === 'maven' && input.path === path);
  if (before !== undefined) return { ...entry, size: before.size, sha256: before.sha256 };
  const what = coordinatesText(coordinates);
  step(`maven: fetching ${what} to learn its sha256`);
  const sha1 = (await readFileOf(coordinates, 'jar.sha1', { http, base })).trim().split(/\s+/)[0] ?? '';
  const url = `${base}/${path}`;
  const response = await http.request(url);
  if (response.status !== 200) {
    await response.discard();
    throw new KilnError({
      code: 'unresolvable',
      what: `the Maven repository answers status ${String(response.status)} for the jar of ${what}`,
      hint: `wanted ${url}`,
    });
  }
  const { size, sha256 } = await keep(what, response.body(), sha1);
  return { ...entry, size, sha256 };
}
