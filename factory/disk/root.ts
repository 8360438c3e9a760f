import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FileContent, Merged, MergeLayer } from '../layers/merge';
import { assignOffsets } from './offsets';
import type { DiskTools } from './tools-tree';
import { readWhole } from './whole';

export interface RootOptions {
  readonly layers: readonly MergeLayer[];
  /** What those are together. */
  readonly merged: Merged;
  /** File of the names that were merged. */
  readonly names: string;
  readonly isVolatile: (path: string) => boolean;
  readonly uuid: string;
  readonly epoch: number;
  /** Folder for what is made in passing. */
  readonly work: string;
}

export interface PlannedRoot {
  readonly merged: Merged;
  /** The first bytes of the file system: all but the files' data. */
  readonly metadata: Buffer;
  /** Content -> its first byte in the file system. */
  readonly offsets: ReadonlyMap<FileContent, number>;
  /** Bytes of the file system. */
  readonly size: number;
  /** Names in it, the root among them. */
  readonly names: number;
}

/** Names in the layers' order to an EROFS without data. */
async function writeMetadata(tools: DiskTools, options: RootOptions): Promise<Buffer> {
  const out = join(options.work, 'metadata.erofs');
  await tools.run(
    'mkfs.erofs',
    [
      ...['--quiet', '--tar=f', '--sort=none'],
      // Of one size, that holds any file's; kiln gives the data its place.
      ...['-E', 'force-inode-extended,noinline_data'],
      ...['-T', String(options.epoch), '--mkfs-time'],
      ...['-U', options.uuid, '-L', 'kiln-root', out, options.names],
    ],
    { env: { TMPDIR: options.work } },
  );
  const metadata = readFileSync(out);
  rmSync(out);
  return metadata;
}

/** What the root file system will be, byte for byte but for the files' data, of which hardly any is read. */
export async function planRoot(tools: DiskTools, options: RootOptions): Promise<PlannedRoot> {
  const { layers, merged, isVolatile } = options;
  const metadata = await writeMetadata(tools, options);
  const read = ({ layer, at, size }: FileContent): Buffer => {
    const from = layers[layer];
    if (from === undefined) return Buffer.from(merged.added[layer - layers.length]?.content ?? '');
    const tar = openSync(from.tar, 'r');
    try {
      return readWhole(tar, Buffer.alloc(size), at);
    } finally {
      closeSync(tar);
    }
  };
  const { contents } = merged;
  return { merged, metadata, ...assignOffsets({ metadata, contents, read, isVolatile }) };
}
