import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path/posix';

/*
 * What of an uncompressed EROFS its placement needs: where each file's data lies, and every field that says so.
 * The format: Documentation/filesystems/erofs.rst and fs/erofs/erofs_fs.h of the kernel.
 */

export const BLOCK = 4096;
/** Inodes stand in slots of so many bytes; a nid is the slot's number. */
const SLOT = 32;
export const NIDS_PER_BLOCK = BLOCK / SLOT;

const SUPER = 1024;
const MAGIC = 0xe0f5e1e2;
/** feature_compat: the superblock has a checksum. */
const CHECKSUM = 1;

const LAYOUT = { plain: 0, inline: 2 } as const;
const KIND = { directory: 0o040000, regular: 0o100000 } as const;

const blocksOf = (bytes: number): number => Math.ceil(bytes / BLOCK);

export interface ErofsFile {
  /** Without a leading slash; of a hard link, the first name in the walk. */
  readonly path: string;
  /** Byte of the image where its inode names the first block of its data. */
  readonly field: number;
  /** First block of its data. */
  readonly start: number;
  readonly blocks: number;
  /** Bytes. */
  readonly size: number;
}

/** A field of four or eight bytes, little endian, that holds a block or a nid. */
export interface Field {
  /** Byte of the image. */
  readonly at: number;
  readonly value: number;
}

export interface Erofs {
  /** Blocks of the whole image. */
  readonly blocks: number;
  /** Names in all directories, and the root. */
  readonly names: number;
  /** Regular files with data, in the order of a walk by name. */
  readonly files: readonly ErofsFile[];
  /** First blocks of what directories and links have outside their inodes. */
  readonly pointers: readonly Field[];
  /** nids in directories. */
  readonly references: readonly Field[];
}

/** Reads an image a block at a time; blocks of metadata are few and kept. */
export class ErofsReader {
  private readonly file: number;
  private readonly kept = new Map<number, Buffer>();

  constructor(private readonly image: string) {
    this.file = openSync(image, 'r');
  }

  close(): void {
    closeSync(this.file);
  }

  block(number: number): Buffer {
    const known = this.kept.get(number);
    if (known !== undefined) return known;
    const block = Buffer.alloc(BLOCK);
    readSync(this.file, block, 0, BLOCK, number * BLOCK);
    this.kept.set(number, block);
    return block;
  }

  /** A file's content, for the few small ones that say what belongs together. */
  content(file: ErofsFile): Buffer {
    const content = Buffer.alloc(file.size);
    readSync(this.file, content, 0, file.size, file.start * BLOCK);
    return content;
  }

  private fail(what: string): never {
    throw new Error(`${this.image} is not an EROFS that can be placed: ${what}`);
  }

  /** @throws Error for any feature that placement does not know of: nothing is guessed. */
  read(): Erofs {
    const block = this.block(0);
    const superblock = block.subarray(SUPER);
    if (superblock.readUInt32LE(0) !== MAGIC) this.fail('no superblock');
    if (1 << superblock.readUInt8(12) !== BLOCK) this.fail('other blocks than of 4096 bytes');
    if (superblock.readUInt32LE(40) !== 0) this.fail('metadata does not start at block 0');
    if (superblock.readUInt32LE(80) !== 0) this.fail('features that change the format');
    const files: ErofsFile[] = [];
    const pointers: Field[] = [];
    const references: Field[] = [];
    const seen = new Set<number>();
    let names = 1;

    const visit = (nid: number, path: string): void => {
      if (seen.has(nid)) return;
      seen.add(nid);
      const at = nid * SLOT;
      const inode = this.block(Math.floor(at / BLOCK)).subarray(at % BLOCK);
      const format = inode.readUInt16LE(0);
      const extended = (format & 1) === 1;
      const layout = (format >> 1) & 7;
      const kind = inode.readUInt16LE(4) & 0o170000;
      const size = extended ? Number(inode.readBigUInt64LE(8)) : inode.readUInt32LE(8);
      const start = inode.readUInt32LE(16);
      if (layout !== LAYOUT.plain && layout !== LAYOUT.inline)
        this.fail(`${path} has data layout ${String(layout)}`);
      if (inode.readUInt16LE(2) !== 0) this.fail(`${path} has extended attributes`);
      // Of an inline layout the last, partial block stands behind the inode.
      const outside = layout === LAYOUT.inline ? Math.floor(size / BLOCK) : blocksOf(size);
      if (kind === KIND.regular) {
        if (layout === LAYOUT.inline && size > 0) this.fail(`${path} has data in its inode`);
        if (size > 0) files.push({ path, field: at + 16, start, blocks: outside, size });
        return;
      }
      if (outside > 0 && (kind === KIND.directory || layout === LAYOUT.plain))
        pointers.push({ at: at + 16, value: start });
      if (kind !== KIND.directory) return;
      const places = Array.from({ length: outside }, (_, index) => ({
        at: (start + index) * BLOCK,
        size: BLOCK,
      }));
      if (layout === LAYOUT.inline && size % BLOCK > 0) {
        places.push({ at: at + (extended ? 64 : 32), size: size % BLOCK });
      } else if (layout === LAYOUT.plain && size % BLOCK > 0) {
        const last = places.pop();
        if (last !== undefined) places.push({ ...last, size: size % BLOCK });
      }
      for (const place of places)
        this.entries(place, references, (nidBelow, name) => {
          names += 1;
          visit(nidBelow, join(path, name));
        });
    };
    visit(superblock.readUInt16LE(14), '');
    return {
      blocks: superblock.readUInt32LE(36),
      names,
      files,
      pointers,
      references,
    };
  }

  /** Directory entries of one block or tail: of 12 bytes each, then their names. */
  private entries(
    place: { readonly at: number; readonly size: number },
    references: Field[],
    each: (nid: number, name: string) => void,
  ): void {
    const offset = place.at % BLOCK;
    const bytes = this.block(Math.floor(place.at / BLOCK)).subarray(offset, offset + place.size);
    const count = bytes.readUInt16LE(8) / 12;
    for (let index = 0; index < count; index += 1) {
      const entry = index * 12;
      const nid = Number(bytes.readBigUInt64LE(entry));
      const begin = bytes.readUInt16LE(entry + 8);
      const end = index + 1 < count ? bytes.readUInt16LE(entry + 20) : bytes.length;
      const name = bytes.subarray(begin, end);
      const zero = name.indexOf(0);
      references.push({ at: place.at + entry, value: nid });
      const text = name.subarray(0, zero === -1 ? name.length : zero).toString();
      if (text !== '.' && text !== '..') each(nid, text);
    }
  }
}

/** The first block with its superblock as it must be for an image of so many blocks. */
export function placedSuperblock(block: Buffer, blocks: number): Buffer {
  const placed = Buffer.from(block);
  const features = placed.readUInt32LE(SUPER + 8);
  // Its checksum would be one over fields that dm-verity checks already.
  placed.writeUInt32LE((features & ~CHECKSUM) >>> 0, SUPER + 8);
  placed.writeUInt32LE(0, SUPER + 4);
  placed.writeUInt32LE(blocks, SUPER + 36);
  return placed;
}
