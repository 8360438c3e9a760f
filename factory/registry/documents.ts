import { createHash } from 'node:crypto';
import { DiskIndex } from '../contracts/disk-index';
import { decompress } from '../processes/zstd';
import { registryDamaged } from './errors';
import type { RegistryHome } from './home';
import { COMPRESSED, INDEX, imageFolder } from './layout';
import { parseOrThrow } from './log';
import { tooLarge } from './text';

/** Bytes of the longest index: a disk of a terabyte. */
const INDEX_LIMIT = 192 * 1024 * 1024;
/** Bytes of the longest lock and manifest, compressed or not: a manifest has about 150 for a file. */
const FILE_LIMIT = 256 * 1024 * 1024;

/**
 * How an image's disk is put together.
 * @throws KilnError `registry-damaged` when it is missing or not this image's.
 */
export async function readIndex(home: RegistryHome, digest: string): Promise<DiskIndex> {
  const where = `${imageFolder(digest)}/${INDEX}`;
  const text = await home.read(where, INDEX_LIMIT);
  if (text === undefined) throw registryDamaged([{ where, what: 'is missing' }]);
  const index = parseOrThrow(DiskIndex, text, where);
  if (index.digest !== digest) throw registryDamaged([{ where, what: `is about the disk ${index.digest}` }]);
  return index;
}

/**
 * A file that an image's record names by its digest: the lock or the manifest.
 * @returns undefined when it is not there: a bake of old had none.
 * @throws KilnError `registry-damaged` when it is not what the record says.
 */
export async function readNamedFile(
  home: RegistryHome,
  image: string,
  name: string,
  digest: string,
): Promise<Buffer | undefined> {
  const where = `${imageFolder(image)}/${name}${COMPRESSED}`;
  const compressed = await home.load(where, FILE_LIMIT);
  if (compressed === undefined) return undefined;
  const parts: Buffer[] = [];
  const hash = createHash('sha256');
  let size = 0;
  for await (const part of decompress([compressed])) {
    size += part.length;
    if (size > FILE_LIMIT) throw tooLarge(where, FILE_LIMIT);
    hash.update(part);
    parts.push(part);
  }
  const actual = `sha256:${hash.digest('hex')}`;
  if (actual !== digest)
    throw registryDamaged([{ where, what: `holds ${actual}, the image's record names ${digest}` }]);
  return Buffer.concat(parts);
}
