import { createHash } from 'node:crypto';
import { EBS_BLOCK } from '../api/ebs';
import type { DiskBlocks } from './disk-blocks';

const GIB = 1024 ** 3;
const BLOCKS_OF_GIB = GIB / EBS_BLOCK;

/** Size of the volume that holds a disk of so many bytes, in GiB: snapshots have whole ones. */
export const volumeSize = (bytes: number): number => Math.max(1, Math.ceil(bytes / GIB));

export interface BlockQuestion {
  readonly blocks: DiskBlocks;
  /** GiB. */
  readonly volumeSize: number;
  readonly encrypted: boolean;
  /** Disk whose snapshot lies below, and that snapshot's volume in GiB. */
  readonly parent?: { readonly blocks: DiskBlocks; readonly volumeSize: number };
}

/**
 * Which blocks have to be sent so that a volume made of the snapshot reads as the disk, zeros behind its end.
 *
 * - Without a parent: those that are not zero; what was never written reads as zero.
 * - Encrypted: all of them, since what was never written there reads as random bytes.
 * - With a parent: those that differ from it. One that became zero differs: it must be written, else the parent's is
 *   read. Where an encrypted parent ends, nothing was written yet.
 *
 * @returns ascending indices.
 */
export function blocksToSend({ blocks, volumeSize, encrypted, parent }: BlockQuestion): readonly number[] {
  const count = volumeSize * BLOCKS_OF_GIB;
  const written = parent === undefined ? 0 : parent.volumeSize * BLOCKS_OF_GIB;
  const send: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const wanted =
      parent !== undefined && index < written
        ? !blocks.isSame(index, parent.blocks)
        : encrypted || !blocks.isZero(index);
    if (wanted) send.push(index);
  }
  return send;
}

export const base64 = (digest: Uint8Array): string => Buffer.from(digest).toString('base64');

/** Checksum of all blocks sent, by EBS direct's LINEAR aggregation: SHA-256 over the raw digests in index order. */
export function linearChecksum(blocks: DiskBlocks, sent: readonly number[]): string {
  const hash = createHash('sha256');
  for (const index of sent) hash.update(blocks.digest(index));
  return hash.digest('base64');
}
