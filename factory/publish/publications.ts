import { Publication } from '../contracts/publication';
import { registryDamaged } from '../registry/errors';
import { sha256Text } from '../registry/hash';
import type { RegistryHome } from '../registry/home';
import { createPublication, listPublications, readPublication } from '../registry/publications';

/**
 * What was recorded of an image, oldest first.
 * @throws KilnError `registry-damaged`.
 */
export async function readPublications(home: RegistryHome, digest: string): Promise<readonly Publication[]> {
  const names = await listPublications(home, digest);
  const found = await Promise.all(
    names.map(async (name) => {
      const publication = await readPublication(home, digest, name, Publication);
      // What is listed and gone at once is no publication.
      if (publication === undefined) return [];
      if (publication.digest !== digest)
        throw registryDamaged([{ where: `publication ${name}`, what: `is one of ${publication.digest}` }]);
      return [publication];
    }),
  );
  return found.flat().sort((a, b) => a.at.localeCompare(b.at) || rank(a) - rank(b));
}

/** Of several in one millisecond. */
const rank = ({ event }: Publication): number => (event === 'published' ? 0 : event === 'withdrawn' ? 2 : 1);

/**
 * Named by its content: whoever was first wrote the same.
 * @param place where on its platform, for the name.
 */
export async function recordPublication(
  home: RegistryHome,
  publication: Publication,
  place: string,
): Promise<void> {
  const document = Publication.parse(publication);
  const { to, event, digest } = document;
  const content = sha256Text(JSON.stringify(document)).slice(0, 12);
  await createPublication(home, digest, `${to}-${place}-${event}-${content}`, document);
}
