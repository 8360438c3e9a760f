import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MANIFEST } from '../contracts/manifest';
import { type ImageRecord, LOCK_COPY } from '../contracts/record';
import { CONTENTS } from './base';

/** What an image's folder is made of; paths, and what is written here. */
export interface ImageFiles {
  readonly disk: string;
  readonly manifest: string;
  readonly lock: Buffer;
  /** See base.ts. */
  readonly contents: string;
}

const RECORD = 'record.json';

/**
 * Puts the image among the project's, with the lock it was made from and the manifest of its files; the same
 * image baked again only gets what stands beside its disk anew (two locks can differ in no byte of the image).
 * @param images folder of images.
 * @param work folder on the same file system.
 * @returns the image's folder.
 */
export function keep(images: string, record: ImageRecord, files: ImageFiles, work: string): string {
  const folder = join(images, record.digest.replace(/^sha256:/, ''));
  const coming = join(work, 'image');
  mkdirSync(coming);
  writeFileSync(join(coming, RECORD), `${JSON.stringify(record, null, 2)}\n`);
  writeFileSync(join(coming, LOCK_COPY), files.lock);
  writeFileSync(join(coming, CONTENTS), files.contents);
  renameSync(files.manifest, join(coming, MANIFEST));
  if (existsSync(join(folder, 'image.raw'))) {
    for (const name of [LOCK_COPY, MANIFEST, CONTENTS, RECORD])
      renameSync(join(coming, name), join(folder, name));
    return folder;
  }
  chmodSync(files.disk, 0o444);
  renameSync(files.disk, join(coming, 'image.raw'));
  renameSync(coming, folder);
  return folder;
}
