import { join } from 'node:path/posix';

/*
 * What of an EROFS of names alone it takes to give files their data: where each inode is, and its fields for size and
 * place. The format: Documentation/filesystems/erofs.rst and fs/erofs/erofs_fs.h of the kernel.
 */

export const BLOCK = 4096;
/** Inodes stand in slots of so many bytes; a nid is the slot's number. */
const SLOT = 32;

const SUPER = 1024;
const MAGIC = 0xe0f5e1e2;
/** feature_compat: the superblock has a checksum. */
const CHECKSUM = 1;

const LAYOUT = { plain: 0, inline: 2 } as const;
const KIND = { directory: 0o040000, regular: 0o100000 } as const;
/** Bytes of an extended inode. */
const INODE = 64;

export const blocksOf = (bytes: number): number => Math.ceil(bytes / BLOCK);

export interface ErofsFile {
  /** Without a leading slash; of a hard link, the first name in the walk. */
  readonly path: string;
  /** Byte of the image where its inode stands. */
  readonly inode: number;
}

export interface Erofs {
  /** Names in all directories, and the root. */
  readonly names: number;
  /** Regular files, in the order of a walk by name. */
  readonly files: readonly ErofsFile[];
}

function fail(what: string): never {
  throw new Error(`it is not an EROFS whose files can be placed: ${what}`);
}

/** Names of a directory's block or tail: entries of 12 bytes each, then the names. */
function* entries(bytes: Buffer): Generator<{ readonly nid: number; readonly name: string }> {
  const count = bytes.readUInt16LE(8) / 12;
  for (let index = 0; index < count; index += 1) {
    const entry = index * 12;
    const begin = bytes.readUInt16LE(entry + 8);
    const end = index + 1 < count ? bytes.readUInt16LE(entry + 20) : bytes.length;
    const name = bytes.subarray(begin, end);
    const zero = name.indexOf(0);
    const text = name.subarray(0, zero === -1 ? name.length : zero).toString();
    if (text !== '.' && text !== '..') yield { nid: Number(bytes.readBigUInt64LE(entry)), name: text };
  }
}

/**
 * Walks a whole image in which every file is empty.
 * @throws Error for any feature that placement does not know of: nothing is guessed.
 */
export function readErofs(image: Buffer): Erofs {
  const superblock = image.subarray(SUPER, BLOCK);
  if (superblock.readUInt32LE(0) !== MAGIC) fail('no superblock');
  if (1 << superblock.readUInt8(12) !== BLOCK) fail('other blocks than of 4096 bytes');
  if (superblock.readUInt32LE(40) !== 0) fail('metadata does not start at block 0');
  if (superblock.readUInt32LE(80) !== 0) fail('features that change the format');
  if (superblock.readUInt32LE(36) * BLOCK !== image.length) fail('it is not as long as it says');
  const files: ErofsFile[] = [];
  const seen = new Set<number>();
  let names = 1;

  const visit = (nid: number, path: string): void => {
    if (seen.has(nid)) return;
    seen.add(nid);
    const at = nid * SLOT;
    const inode = image.subarray(at, at + INODE);
    const format = inode.readUInt16LE(0);
    const layout = (format >> 1) & 7;
    const kind = inode.readUInt16LE(4) & 0o170000;
    const size = Number(inode.readBigUInt64LE(8));
    if ((format & 1) !== 1) fail(`${path} has a compact inode`);
    if (layout !== LAYOUT.plain && layout !== LAYOUT.inline)
      fail(`${path} has data layout ${String(layout)}`);
    if (inode.readUInt16LE(2) !== 0) fail(`${path} has extended attributes`);
    if (kind === KIND.regular) {
      if (layout !== LAYOUT.plain || size > 0) fail(`${path} has data`);
      files.push({ path, inode: at });
      return;
    }
    if (kind !== KIND.directory) return;
    // Of an inline layout the last, partial block stands behind the inode.
    const start = inode.readUInt32LE(16) * BLOCK;
    const outside = layout === LAYOUT.inline ? size - (size % BLOCK) : size;
    const places = Array.from({ length: blocksOf(outside) }, (_, index) =>
      image.subarray(start + index * BLOCK, start + Math.min(outside, (index + 1) * BLOCK)),
    );
    if (outside < size) places.push(image.subarray(at + INODE, at + INODE + size - outside));
    for (const place of places)
      for (const entry of entries(place)) {
        names += 1;
        visit(entry.nid, join(path, entry.name));
      }
  };
  visit(superblock.readUInt16LE(14), '');
  return { names, files };
}

/** Says in a file's inode how many bytes it has and at which block they begin. */
export function giveData(image: Buffer, file: ErofsFile, size: number, start: number): void {
  image.writeBigUInt64LE(BigInt(size), file.inode + 8);
  image.writeUInt32LE(start, file.inode + 16);
}

/** Makes the superblock that of an image of so many blocks. */
export function giveBlocks(image: Buffer, blocks: number): void {
  const features = image.readUInt32LE(SUPER + 8);
  // Its checksum would be one over fields that dm-verity checks already.
  image.writeUInt32LE((features & ~CHECKSUM) >>> 0, SUPER + 8);
  image.writeUInt32LE(0, SUPER + 4);
  image.writeUInt32LE(blocks, SUPER + 36);
}
