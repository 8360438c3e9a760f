import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { OnDisk } from './previous-image';
import { DirectWriter } from './direct';
import { BLOCK, blocksOf } from './erofs';
import { readAhead, type Stretch } from './read-ahead';
import { rootHashOver } from './seal';

/** Bytes of a digest. */
const DIGEST = 32;
const LOST = new Set(['EIO', 'ENOENT']);

export interface CopyContentsTask {
  readonly kind: 'copy-contents';
  /** Disk that the contents are on, and the one they come to. */
  readonly from: string;
  readonly to: string;
  /** First byte and bytes of each content, in the order of the disk; none lies over another. */
  readonly extents: Float64Array;
  /** Of each, 32 bytes. */
  readonly digests: Uint8Array;
  /** Bytes of the disk: the root file system and its hash tree. */
  readonly root: { readonly start: number; readonly size: number };
  readonly tree: { readonly start: number };
  /** 64 hex digits each. */
  readonly salt: string;
  readonly rootHash: string;
}

/** The task that carries those contents. */
export function copyContentsOf(
  contents: readonly OnDisk[],
  rest: Omit<CopyContentsTask, 'kind' | 'extents' | 'digests'>,
): CopyContentsTask {
  const sorted = [...contents].sort((a, b) => a.at - b.at);
  return {
    kind: 'copy-contents',
    ...rest,
    extents: Float64Array.from(sorted.flatMap(({ at, size }) => [at, size])),
    digests: Buffer.concat(sorted.map(({ sha256 }) => Buffer.from(sha256, 'hex'))),
  };
}

/** Blocks that the contents fill, as few stretches as they are: what lies between is somebody else's. */
function stretchesOf(extents: Float64Array): Stretch[] {
  const stretches: Stretch[] = [];
  for (let index = 0; index < extents.length; index += 2) {
    const [at = 0, bytes = 0] = extents.subarray(index);
    const size = blocksOf(bytes) * BLOCK;
    const last = stretches.at(-1);
    if (last !== undefined && last.at + last.size === at)
      stretches[stretches.length - 1] = { at: last.at, size: last.size + size };
    else stretches.push({ at, size });
  }
  return stretches;
}

/**
 * Copies contents of one disk to the same offsets of another, and compares every byte of them, and the digests of all
 * blocks, with what they were.
 * @returns whether they are the same; when not, what was written is worth nothing.
 */
export async function copyContents(task: CopyContentsTask): Promise<boolean> {
  const { extents, root, tree, salt } = task;
  try {
    if (rootHashOver({ disk: task.from, root, tree, salt }) !== task.rootHash) return false;
    return await copyStretches(task, stretchesOf(extents));
  } catch (error) {
    // It ends too early, is gone, or its device cannot read it; anything else says nothing of the disk.
    if (error instanceof Error && 'code' in error && !LOST.has(String(error.code))) throw error;
    return false;
  }
}

async function copyStretches(
  { extents, digests, from, to }: CopyContentsTask,
  stretches: Stretch[],
): Promise<boolean> {
  let next = 0;
  let hash: Hash | undefined;
  /** Clears what is behind the contents in their last blocks; false when one of them is another. */
  const admit = (bytes: Buffer, first: number): boolean => {
    const end = first + bytes.length;
    for (; next < extents.length / 2; next += 1) {
      const [start = 0, size = 0] = extents.subarray(next * 2);
      if (start >= end) return true;
      hash ??= createHash('sha256');
      hash.update(bytes.subarray(Math.max(0, start - first), start + size - first));
      if (start + size > end) return true;
      const digest = digests.subarray(next * DIGEST, (next + 1) * DIGEST);
      if (!hash.digest().equals(digest)) return false;
      hash = undefined;
      bytes.fill(0, start + size - first, start + blocksOf(size) * BLOCK - first);
    }
    return true;
  };
  const disk = await open(from, 'r');
  let writer: DirectWriter | undefined;
  let writing = Promise.resolve();
  try {
    writer = await DirectWriter.open(to);
    for await (const { of, from: into, bytes } of readAhead(stretches, () => disk)) {
      if (!admit(bytes, of.at + into)) return false;
      await writing;
      writing = writer.write(bytes, of.at + into);
      // It is awaited when the next bytes were compared.
      writing.catch(() => undefined);
    }
    await writing;
    return next === extents.length / 2;
  } finally {
    await writing.finally(async () => {
      await disk.close();
      await writer?.close();
    });
  }
}
