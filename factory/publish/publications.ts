import { join } from 'node:path';
import { Publication } from '../contracts/publication';
import { registryDamaged } from '../registry/errors';
import { sha256Text } from '../registry/hash';
import type { RegistryHome } from '../registry/home';
import { imageFolder } from '../registry/layout';
import { parseOrThrow } from '../registry/log';

/** The one place that knows where publications are kept: images/<hex>/publications/, named by their content. */
const folder = (digest: string): string => join(imageFolder(digest), 'publications');

/**
 * What was recorded of an image, oldest first.
 * @throws KilnError `registry-damaged`.
 */
export async function readPublications(home: RegistryHome, digest: string): Promise<readonly Publication[]> {
  const found = await Promise.all(
    (await home.list(folder(digest))).map(async (name) => {
      const where = join(folder(digest), name);
      const publication = parseOrThrow(Publication, (await home.read(where)) ?? '', where);
      if (publication.digest !== digest)
        throw registryDamaged([{ where, what: `is a publication of ${publication.digest}` }]);
      return publication;
    }),
  );
  return found.sort((a, b) => a.at.localeCompare(b.at) || rank(a) - rank(b));
}

/** Of two in one millisecond. */
const rank = ({ event }: Publication): number =>
  ['published', 'shared', 'deprecated', 'withdrawn'].indexOf(event);

export async function recordPublication(home: RegistryHome, publication: Publication): Promise<void> {
  const text = `${JSON.stringify(Publication.parse(publication), null, 2)}\n`;
  const { to, region, event, digest } = publication;
  const name = `${to}-${region}-${event}-${sha256Text(text).slice(0, 12)}.json`;
  // Whoever was first wrote the same.
  await home.create(join(folder(digest), name), text);
}
