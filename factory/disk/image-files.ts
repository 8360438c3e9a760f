import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageRecord } from '../contracts/record';
import { KilnError } from '../errors';

export interface ImageOnDisk {
  readonly record: ImageRecord;
  /** Holds image.raw, record.json, factory.lock.json and files.mtree. */
  readonly folder: string;
}

/** @throws KilnError `image-incomplete`. */
export function requireFiles({ folder, record }: ImageOnDisk, names: readonly string[]): void {
  const missing = names.filter((name) => !existsSync(join(folder, name)));
  if (missing.length === 0) return;
  throw new KilnError({
    code: 'image-incomplete',
    what: `${missing.join(' and ')} of image ${record.digest} ${missing.length === 1 ? 'is' : 'are'} not in ${folder}`,
    hint: 'bake the image again with this kiln: kiln bake',
  });
}
