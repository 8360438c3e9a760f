import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MANIFEST } from '../contracts/manifest';
import { type ImageRecord, LOCK_COPY } from '../contracts/record';
import { CONTENTS } from './previous-image';

/** What an image's folder is made of; paths, and what is written here. */
export interface BakedFiles {
  readonly disk: string;
  readonly manifest: string;
  readonly lock: Buffer;
  /** See previous-image.ts. */
  readonly contents: string;
}

const RECORD = 'record.json';
const DISK = 'image.raw';

/**
 * Puts the image among the project's, with the lock it was made from and the manifest of its files. The same image
 * baked again gets all of them anew: two locks can differ in no byte of the image, and the disk that is there may have
 * been damaged since. Whoever reads that one keeps what it has open.
 * @param images folder of images.
 * @param work folder on the same file system.
 * @returns the image's folder.
 */
export function keep(images: string, record: ImageRecord, files: BakedFiles, work: string): string {
  const folder = join(images, record.digest.replace(/^sha256:/, ''));
  const coming = join(work, 'image');
  mkdirSync(coming);
  writeFileSync(join(coming, RECORD), `${JSON.stringify(record, null, 2)}\n`);
  writeFileSync(join(coming, LOCK_COPY), files.lock);
  writeFileSync(join(coming, CONTENTS), files.contents);
  renameSync(files.manifest, join(coming, MANIFEST));
  chmodSync(files.disk, 0o444);
  renameSync(files.disk, join(coming, DISK));
  if (!existsSync(join(folder, DISK))) renameSync(coming, folder);
  // The list of contents last: without it the image is not taken for whole.
  else
    for (const name of [DISK, LOCK_COPY, MANIFEST, RECORD, CONTENTS])
      renameSync(join(coming, name), join(folder, name));
  return folder;
}
