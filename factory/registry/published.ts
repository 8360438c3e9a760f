import { join } from 'node:path';
import type { Published } from '../contracts/publication';
import { Publication } from '../contracts/publication';
import { listSync, readSync } from './directory';
import { imageFolder } from './layout';
import { parseOrThrow } from './log';

/** Beside an image's record: what happened to it at AWS. */
const PUBLICATIONS = 'publications';

/**
 * An image's AMIs in a region that were not withdrawn since, newest first.
 * @throws KilnError `registry-damaged`.
 */
export function publishedAmis(registry: string, digest: string, region: string): readonly Published[] {
  const folder = join(imageFolder(digest), PUBLICATIONS);
  const events = listSync(registry, folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const where = join(folder, name);
      return parseOrThrow(Publication, readSync(registry, where) ?? '', where);
    })
    .filter((event) => event.region === region)
    .sort((a, b) => a.at.localeCompare(b.at));
  const standing = new Map<string, Published>();
  for (const event of events) {
    if (event.event === 'published') standing.set(event.ami, event);
    if (event.event === 'withdrawn') standing.delete(event.ami);
  }
  return [...standing.values()].reverse();
}
