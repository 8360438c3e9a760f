import { KilnError } from '../errors';
import type { Catalogue, CatalogueImage } from './catalogue';
import { shortDigest } from './errors';
import { headOf } from './log';

/**
 * The digest that a person named: whole, a beginning that fits only one of those there are (with or without `sha256:`),
 * or a channel that points at one. Nothing is guessed: what fits twice is refused.
 * @param digests that there are, each once.
 * @throws KilnError `unknown-image`, `ambiguous-image`.
 */
export function findDigest(digests: readonly string[], logs: Catalogue['logs'], name: string): string {
  const byChannel = headOf(logs.get(name) ?? []);
  const prefix = name.startsWith('sha256:') ? name : `sha256:${name}`;
  const found = digests.filter(
    (digest) => digest === byChannel || (prefix.length > 'sha256:'.length && digest.startsWith(prefix)),
  );
  const [one, another] = found;
  if (one === undefined) {
    throw new KilnError({
      code: 'unknown-image',
      what: `${name} is neither an image (a digest or its beginning) nor a channel that points at one`,
      hint: 'kiln images lists what there is',
      exitCode: 2,
    });
  }
  if (another !== undefined) {
    throw new KilnError({
      code: 'ambiguous-image',
      what: `${name} fits ${String(found.length)} images: ${found.map(shortDigest).join(', ')}`,
      hint: 'give more of the digest',
      exitCode: 2,
    });
  }
  return one;
}

/** The image that a person named, as `findDigest` does. */
export function findImage({ images, logs }: Catalogue, name: string): CatalogueImage {
  const digest = findDigest(
    images.map((image) => image.digest),
    logs,
    name,
  );
  const found = images.find((image) => image.digest === digest);
  if (found === undefined) throw new Error(`${digest} is in no list`);
  return found;
}
