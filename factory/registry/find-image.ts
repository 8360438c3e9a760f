import { KilnError } from '../errors';
import type { Catalogue, CatalogueImage } from './catalogue';
import { shortDigest } from './errors';
import { headOf } from './log';

/**
 * The image that a person named: a digest, a beginning of one that fits only one image (with or without
 * `sha256:`), or a channel. Nothing is guessed: what fits twice is refused.
 * @throws KilnError `unknown-image`, `ambiguous-image`, `channel-empty`.
 */
export function findImage(catalogue: Catalogue, name: string): CatalogueImage {
  const byChannel = headOf(catalogue.logs.get(name) ?? []);
  const prefix = name.startsWith('sha256:') ? name : `sha256:${name}`;
  const found = catalogue.images.filter(
    ({ digest }) => digest === byChannel || (prefix.length > 'sha256:'.length && digest.startsWith(prefix)),
  );
  const [image, another] = found;
  if (image === undefined) {
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
      what: `${name} fits ${String(found.length)} images: ${found.map(({ digest }) => shortDigest(digest)).join(', ')}`,
      hint: 'give more of the digest',
      exitCode: 2,
    });
  }
  return image;
}
