import { join } from 'node:path';
import { readBake } from './bakes';
import type { CatalogueImage } from './catalogue';
import { noRegistry } from './errors';
import type { RegistryHome } from './home';
import type { Telling } from './image-files';
import { DISK, VERDICTS, imageFolder } from './layout';
import { storeImage } from './store-image';

/**
 * Puts a bake and its verdicts into the registry; of an image that is there already, only new verdicts.
 * @returns whether the disk was stored now.
 * @throws KilnError `no-registry`, `digest-differs`.
 */
export async function storeBake(
  home: RegistryHome,
  image: CatalogueImage,
  telling: Telling = {},
): Promise<boolean> {
  if (!(await home.exists())) throw noRegistry(home.where);
  if (image.bake === undefined) return false;
  const bakes = join(image.bake, '..');
  const baked = readBake(bakes, image.digest.slice('sha256:'.length));
  if (baked === undefined) return false;
  const options = { scratch: join(bakes, '..'), ...telling };
  const stored = await storeImage(home, image.digest, join(image.bake, DISK), baked.files, options);
  if (!stored) {
    for (const [name, text] of Object.entries(baked.files.verdicts)) {
      await home.create(`${imageFolder(image.digest)}/${VERDICTS}/${name}`, text);
    }
  }
  return stored;
}
