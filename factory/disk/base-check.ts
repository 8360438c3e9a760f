import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { OnDisk } from './base';
import { readAhead } from './read-ahead';
import { rootHashOver } from './seal';
import { runsOf } from './segments';

/** Bytes of a digest. */
const DIGEST = 32;

export interface CheckTask {
  readonly kind: 'check';
  readonly disk: string;
  /** First byte and bytes of each content, in the order of the disk; none lies over another. */
  readonly places: Float64Array;
  /** Of each, 32 bytes. */
  readonly digests: Uint8Array;
  /** Bytes of the disk: the root file system and its hash tree. */
  readonly root: { readonly start: number; readonly size: number };
  readonly tree: { readonly start: number };
  /** 64 hex digits each. */
  readonly salt: string;
  readonly rootHash: string;
}

/** The task that checks those contents, and the digests of all blocks. */
export function checkOf(
  contents: Iterable<OnDisk>,
  rest: Omit<CheckTask, 'kind' | 'places' | 'digests'>,
): CheckTask {
  const sorted = [...contents].sort((a, b) => a.at - b.at);
  return {
    kind: 'check',
    ...rest,
    places: Float64Array.from(sorted.flatMap(({ at, size }) => [at, size])),
    digests: Buffer.concat(sorted.map(({ sha256 }) => Buffer.from(sha256, 'hex'))),
  };
}

/** Whether what would be taken from a disk is what it was when the disk was made. */
export async function isSound(task: CheckTask): Promise<boolean> {
  const { places, root, tree, salt } = task;
  const stretches = runsOf(
    Array.from({ length: places.length / 2 }, (_, index) => ({
      start: places[index * 2] ?? 0,
      size: places[index * 2 + 1] ?? 0,
    })),
  ).map(({ start, size }) => ({ at: start, size }));
  const disk = await open(task.disk, 'r');
  try {
    if (rootHashOver({ disk: task.disk, root, tree, salt }) !== task.rootHash) return false;
    let next = 0;
    let hash: Hash | undefined;
    for await (const { of, from, bytes } of readAhead(stretches, () => disk)) {
      const [first, end] = [of.at + from, of.at + from + bytes.length];
      for (; next < places.length / 2; next += 1) {
        const [start = 0, size = 0] = places.subarray(next * 2);
        if (start >= end) break;
        hash ??= createHash('sha256');
        hash.update(bytes.subarray(Math.max(0, start - first), start + size - first));
        if (start + size > end) break;
        const digest = task.digests.subarray(next * DIGEST, (next + 1) * DIGEST);
        if (!hash.digest().equals(digest)) return false;
        hash = undefined;
      }
    }
    return next === places.length / 2;
  } catch (error) {
    // It ends too early, or its device cannot read it; anything else says nothing of the disk.
    if (error instanceof Error && 'code' in error && error.code !== 'EIO') throw error;
    return false;
  } finally {
    await disk.close();
  }
}
