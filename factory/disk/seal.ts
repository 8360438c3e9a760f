import { readFileSync, rmSync } from 'node:fs';
import type { DiskTools } from './tools-tree';

/** dm-verity reads and checks the root in blocks of so many bytes, EROFS's own. */
const BLOCK = 4096;

export interface SealOptions {
  /** The root file system; whole blocks. */
  readonly root: string;
  /** File to write: the hash tree, for the root-verity partition. */
  readonly out: string;
  /** UUID of the tree. */
  readonly uuid: string;
  /** 64 hex digits; public. */
  readonly salt: string;
}

/**
 * Writes the hash tree over the root.
 * @returns the root hash, 64 hex digits: whoever knows it can tell any changed byte below it.
 */
export async function writeSeal(tools: DiskTools, options: SealOptions): Promise<string> {
  const hashFile = `${options.out}.roothash`;
  await tools.run('veritysetup', [
    ...[
      'format',
      '--hash=sha256',
      `--data-block-size=${String(BLOCK)}`,
      `--hash-block-size=${String(BLOCK)}`,
    ],
    ...[`--salt=${options.salt}`, `--uuid=${options.uuid}`, `--root-hash-file=${hashFile}`],
    ...[options.root, options.out],
  ]);
  const rootHash = readFileSync(hashFile, 'ascii').trim();
  rmSync(hashFile);
  return rootHash;
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
