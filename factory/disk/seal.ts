import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { blocksOf, BLOCK } from './erofs';
import type { Blocks } from './segments';
import { readWhole, writeWhole } from './whole';

/*
 * The hash tree of dm-verity, version 1, as veritysetup writes it: Documentation/admin-guide/device-mapper/verity.rst
 * of the kernel and cryptsetup's wiki page on its superblock. veritysetup itself reads a root file system from the first
 * byte of a file, on one core; this one lies in a disk (docs/decisions/placed-root.md).
 */

/** Bytes of a digest. */
const DIGEST = 32;
const DIGESTS = BLOCK / DIGEST;
/** Blocks of data read at once. */
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
  /** All else is zeros. */
  readonly data: readonly Blocks[];
  /** The disk that has digests of some of them. */
  readonly previous: string | undefined;
}

type DigestOf = (block: Buffer) => Buffer;

const digesting = (salt: string): DigestOf => {
  const bytes = Buffer.from(salt, 'hex');
  return (block) => createHash('sha256').update(bytes).update(block).digest();
};

/** Digests of blocks of a file, one behind the other, into `digests`. */
function digestBlocks(
  file: number,
  blocks: { readonly start: number; readonly blocks: number },
  digestOf: DigestOf,
  digests: Buffer,
): void {
  const buffer = Buffer.alloc(Math.min(CHUNK, blocks.blocks) * BLOCK);
  for (let block = 0; block < blocks.blocks; block += CHUNK) {
    const length = Math.min(CHUNK, blocks.blocks - block) * BLOCK;
    const chunk = readWhole(file, buffer.subarray(0, length), blocks.start + block * BLOCK);
    if (chunk.length < length) throw new Error('a disk ends too early');
    for (let at = 0; at < length; at += BLOCK)
      digestOf(chunk.subarray(at, at + BLOCK)).copy(digests, (block + at / BLOCK) * DIGEST);
  }
}

/** Writes the digests of blocks of a disk to another place on it. */
export function hashBlocks(task: HashTask): void {
  const digestOf = digesting(task.salt);
  const digests = Buffer.alloc(task.blocks * DIGEST, digestOf(Buffer.alloc(BLOCK)));
  const disk = openSync(task.disk, 'r+');
  const previous = task.previous === undefined ? undefined : openSync(task.previous, 'r');
  try {
    for (const data of task.data) {
      const first = (data.start - task.from) / BLOCK;
      const own = digests.subarray(first * DIGEST, (first + data.blocks) * DIGEST);
      if (data.digests === undefined) digestBlocks(disk, data, digestOf, own);
      else if (previous === undefined || readWhole(previous, own, data.digests).length < own.length)
        throw new Error('the previous image has no digests there');
    }
    writeWhole(disk, digests, task.to);
  } finally {
    closeSync(disk);
    if (previous !== undefined) closeSync(previous);
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
  /** What of the root is not zeros, in its order. */
  readonly data: readonly Blocks[];
  /** The disk that has digests of some of it. */
  readonly previous?: string | undefined;
}

/** Byte of a tree's partition where the digest of the block at that byte of the root stands. */
export function digestPlace(bytes: number): (byte: number) => number {
  const leaves = (treeOver(bytes).levels[0]?.start ?? 0) * BLOCK;
  return (byte) => leaves + (byte / BLOCK) * DIGEST;
}

/** Those of the blocks that lie in a part of the disk. */
function within(data: readonly Blocks[], from: number, blocks: number): Blocks[] {
  const until = from + blocks * BLOCK;
  return data.flatMap((each) => {
    const start = Math.max(from, each.start);
    const count = (Math.min(until, each.start + each.blocks * BLOCK) - start) / BLOCK;
    if (count <= 0) return [];
    const skipped = ((start - each.start) / BLOCK) * DIGEST;
    return [
      { start, blocks: count, ...(each.digests === undefined ? {} : { digests: each.digests + skipped }) },
    ];
  });
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
  const { disk, root, salt, previous } = options;
  let below = { from: root.start, blocks: root.size / BLOCK, data: options.data };
  for (const level of treeOver(root.size).levels) {
    const to = options.tree.start + level.start * BLOCK;
    const tasks: Promise<unknown>[] = [];
    for (let block = 0; block < below.blocks; block += TASK) {
      const from = below.from + block * BLOCK;
      const blocks = Math.min(TASK, below.blocks - block);
      const data = within(below.data, from, blocks);
      tasks.push(
        hash({ ...{ kind: 'hash', disk, salt, previous, from, blocks, data }, to: to + block * DIGEST }),
      );
    }
    await Promise.all(tasks);
    below = { from: to, blocks: level.blocks, data: [{ start: to, blocks: level.blocks }] };
  }
  const file = openSync(disk, 'r+');
  try {
    writeWhole(file, superblock(options), options.tree.start);
    const top = readWhole(file, Buffer.alloc(BLOCK), below.from);
    return digesting(salt)(top).toString('hex');
  } finally {
    closeSync(file);
  }
}

/** The root hash that follows from the digests of a disk's blocks, whatever the blocks are. */
export function rootHashOver({
  disk,
  root,
  tree,
  salt,
}: Pick<SealOptions, 'disk' | 'root' | 'tree' | 'salt'>): string {
  const digestOf = digesting(salt);
  const { levels } = treeOver(root.size);
  const [leaves] = levels;
  if (leaves === undefined) throw new Error('there is no tree over so little');
  let below = Buffer.alloc(leaves.blocks * DIGEST);
  const file = openSync(disk, 'r');
  try {
    const start = tree.start + leaves.start * BLOCK;
    digestBlocks(file, { start, blocks: leaves.blocks }, digestOf, below);
  } finally {
    closeSync(file);
  }
  for (const level of levels.slice(1)) {
    const digests = Buffer.alloc(level.blocks * DIGEST);
    const whole = Buffer.alloc(level.blocks * BLOCK);
    below.copy(whole);
    for (let block = 0; block < level.blocks; block += 1)
      digestOf(whole.subarray(block * BLOCK, (block + 1) * BLOCK)).copy(digests, block * DIGEST);
    below = digests;
  }
  return below.toString('hex');
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
