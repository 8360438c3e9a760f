import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Bytes of a block as cloud snapshots count them. */
export const BLOCK_SIZE = 512 * 1024;

export interface BlockCount {
  /** Blocks of the second disk that are not all zero. */
  readonly used: number;
  /** Blocks that are not the same in both: a disk that ends counts as zeros from there. */
  readonly differ: number;
}

const ZEROS = Buffer.alloc(BLOCK_SIZE);

/** Compares two disks block by block, or a part of each; two blocks are in memory at a time. */
export function countBlocks(
  before: { readonly file: string; readonly start?: number; readonly size?: number },
  after: { readonly file: string; readonly start?: number; readonly size?: number },
): BlockCount {
  const open = [before, after].map(({ file, start = 0, size }) => {
    const descriptor = openSync(file, 'r');
    return {
      descriptor,
      start,
      size: size ?? fstatSync(descriptor).size - start,
      buffer: Buffer.alloc(BLOCK_SIZE),
    };
  });
  try {
    const blocks = Math.max(...open.map(({ size }) => Math.ceil(size / BLOCK_SIZE)));
    let [used, differ] = [0, 0];
    for (let block = 0; block < blocks; block += 1) {
      const at = block * BLOCK_SIZE;
      const [a, b] = open.map(({ descriptor, start, size, buffer }) => {
        const length = Math.max(0, Math.min(BLOCK_SIZE, size - at));
        const got = length === 0 ? 0 : readSync(descriptor, buffer, 0, length, start + at);
        return buffer.fill(0, got);
      }) as [Buffer, Buffer];
      if (!b.equals(ZEROS)) used += 1;
      if (!a.equals(b)) differ += 1;
    }
    return { used, differ };
  } finally {
    for (const { descriptor } of open) closeSync(descriptor);
  }
}
