import { chmodSync, mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { MIB } from './layout';
import type { DiskTools } from './tools-tree';

/** Space for logs, host keys, cloud-init's records and what people change below /etc. */
export const STATE_SIZE = 256 * MIB;
const BLOCK = 4096;

/** Upper layers with the modes of the folders they lie over, which they replace. */
const FOLDERS: readonly (readonly [string, number])[] = [
  ['etc', 0o755],
  ['var', 0o755],
  ['root', 0o700],
  ['home', 0o755],
  ['.work', 0o700],
  ['.work/etc', 0o700],
  ['.work/var', 0o700],
  ['.work/root', 0o700],
  ['.work/home', 0o700],
  // MAAS's installer looks for its hooks here.
  ['curtin', 0o755],
];

/** Where the file system goes, and what tells it from others. */
export interface StatePlace {
  readonly disk: string;
  /** Byte of the disk from which on it is written, into zeros. */
  readonly start: number;
  readonly uuid: string;
  /** UUID from which ext4 hashes names of files. */
  readonly hashSeed: string;
  /** Seconds since the epoch, of all that is in it. */
  readonly epoch: number;
}

/**
 * Writes the state partition: an ext4 with the empty upper layers.
 * @param work folder for what is made in passing.
 */
export async function writeState(
  tools: DiskTools,
  work: string,
  { disk, start, uuid, hashSeed, epoch }: StatePlace,
): Promise<void> {
  const tree = join(work, 'state');
  mkdirSync(tree, { recursive: true });
  for (const [folder, mode] of FOLDERS) {
    mkdirSync(join(tree, folder));
    chmodSync(join(tree, folder), mode);
  }
  for (const [folder] of [...FOLDERS].reverse()) utimesSync(join(tree, folder), epoch, epoch);
  chmodSync(tree, 0o755);
  utimesSync(tree, epoch, epoch);
  await tools.run('mke2fs', [
    ...['-q', '-F', '-t', 'ext4', '-b', String(BLOCK), '-m', '0', '-L', 'kiln-state', '-U', uuid],
    ...['-O', '^metadata_csum_seed,^orphan_file'],
    // mke2fs keeps only the last -E.
    ...[
      '-E',
      [
        `offset=${String(start)},hash_seed=${hashSeed},root_owner=0:0`,
        'lazy_itable_init=0,lazy_journal_init=0,nodiscard',
      ].join(','),
    ],
    ...['-d', tree, disk, String(STATE_SIZE / BLOCK)],
  ]);
}
