import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { blocksOf, BLOCK } from './erofs';
import { readWhole, writeWhole } from './whole';

/*
 * The hash tree of dm-verity, version 1, as veritysetup writes it: Documentation/admin-guide/device-mapper/verity.rst
 * of the kernel and cryptsetup's wiki page on its superblock. veritysetup itself reads a root file system from the first
 * byte of a file, on one core; this one lies in a disk (docs/decisions/placed-root.md).
 */

/** Bytes of a digest. */
const DIGEST = 32;
const DIGESTS = BLOCK / DIGEST;
/** Blocks of data read at once, zeros of which are known by one look. */
const CHUNK = 256;
/** Blocks hashed by one task. */
const TASK = 16384;

export interface HashTask {
  readonly kind: 'hash';
  readonly disk: string;
  /** First byte of the blocks, and how many there are. */
  readonly from: number;
  readonly blocks: number;
  /** Byte of the disk where their digests go, one behind the other. */
  readonly to: number;
  /** 64 hex digits. */
  readonly salt: string;
}

/** Writes the digests of blocks of a disk to another place on it. */
export function hashBlocks(task: HashTask): void {
  const salt = Buffer.from(task.salt, 'hex');
  const digestOf = (block: Buffer): Buffer => createHash('sha256').update(salt).update(block).digest();
  const zeros = Buffer.alloc(CHUNK * BLOCK);
  const zero = zeros.subarray(0, BLOCK);
  const digestOfZero = digestOf(zero);
  const buffer = Buffer.alloc(CHUNK * BLOCK);
  const digests = Buffer.alloc(task.blocks * DIGEST);
  const disk = openSync(task.disk, 'r+');
  try {
    for (let block = 0; block < task.blocks; block += CHUNK) {
      const length = Math.min(CHUNK, task.blocks - block) * BLOCK;
      const chunk = readWhole(disk, buffer.subarray(0, length), task.from + block * BLOCK);
      if (chunk.length < length) throw new Error(`${task.disk} ends too early`);
      const empty = chunk.equals(zeros.subarray(0, length));
      for (let at = 0; at < length; at += BLOCK) {
        const one = chunk.subarray(at, at + BLOCK);
        const digest = empty || one.equals(zero) ? digestOfZero : digestOf(one);
        digest.copy(digests, (block + at / BLOCK) * DIGEST);
      }
    }
    writeWhole(disk, digests, task.to);
  } finally {
    closeSync(disk);
  }
}

interface Tree {
  /** From the leaves up: first block of each level in the tree's partition, and its blocks. */
  readonly levels: readonly { readonly start: number; readonly blocks: number }[];
  /** Bytes of the partition. */
  readonly size: number;
}

/** The tree over so many bytes; two blocks at least. */
export function treeOver(bytes: number): Tree {
  const sizes: number[] = [];
  for (let blocks = blocksOf(bytes); blocks > 1;) {
    blocks = Math.ceil(blocks / DIGESTS);
    sizes.push(blocks);
  }
  // The superblock first, then the levels from the top down.
  let next = 1;
  const levels = sizes
    .toReversed()
    .map((blocks) => {
      const level = { start: next, blocks };
      next += blocks;
      return level;
    })
    .toReversed();
  return { levels, size: next * BLOCK };
}

export interface SealOptions {
  readonly disk: string;
  /** Bytes of the disk: the root file system, and where its tree goes, into zeros. */
  readonly root: { readonly start: number; readonly size: number };
  readonly tree: { readonly start: number };
  /** UUID of the tree. */
  readonly uuid: string;
  /** 64 hex digits; public. */
  readonly salt: string;
}

function superblock(options: SealOptions): Buffer {
  const salt = Buffer.from(options.salt, 'hex');
  const block = Buffer.alloc(512);
  block.write('verity', 0, 'latin1');
  block.writeUInt32LE(1, 8); // version of the superblock
  block.writeUInt32LE(1, 12); // type of the tree: the salt stands before the block
  Buffer.from(options.uuid.replaceAll('-', ''), 'hex').copy(block, 16);
  block.write('sha256', 32, 'latin1');
  block.writeUInt32LE(BLOCK, 64);
  block.writeUInt32LE(BLOCK, 68);
  block.writeBigUInt64LE(BigInt(options.root.size / BLOCK), 72);
  block.writeUInt16LE(salt.length, 80);
  salt.copy(block, 88);
  return block;
}

/**
 * Writes the hash tree over the root.
 * @param hash does a task, now or when it has time.
 * @returns the root hash, 64 hex digits: whoever knows it can tell any changed byte below it.
 */
export async function writeSeal(
  options: SealOptions,
  hash: (task: HashTask) => Promise<unknown>,
): Promise<string> {
  const { disk, root, salt } = options;
  let below = { from: root.start, blocks: root.size / BLOCK };
  for (const level of treeOver(root.size).levels) {
    const to = options.tree.start + level.start * BLOCK;
    const tasks: Promise<unknown>[] = [];
    for (let block = 0; block < below.blocks; block += TASK) {
      tasks.push(
        hash({
          ...{ kind: 'hash', disk, salt },
          from: below.from + block * BLOCK,
          blocks: Math.min(TASK, below.blocks - block),
          to: to + block * DIGEST,
        }),
      );
    }
    await Promise.all(tasks);
    below = { from: to, blocks: level.blocks };
  }
  const file = openSync(disk, 'r+');
  try {
    writeWhole(file, superblock(options), options.tree.start);
    const top = readWhole(file, Buffer.alloc(BLOCK), below.from);
    return createHash('sha256').update(Buffer.from(salt, 'hex')).update(top).digest('hex');
  } finally {
    closeSync(file);
  }
}

/** 128 bits as a UUID is written. */
const asUuid = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/**
 * UUIDs of the two partitions, as the discoverable partitions specification has them: the first and the last
 * 128 bits of the root hash. The initrd finds both by the hash that the boot entry names.
 */
export const sealedPartitions = (
  rootHash: string,
): { readonly root: string; readonly 'root-verity': string } => ({
  root: asUuid(rootHash.slice(0, 32)),
  'root-verity': asUuid(rootHash.slice(32)),
});
