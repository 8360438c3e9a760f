import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KilnError } from '../errors';
import { mergeLayers, type AddedFile, type Merged, type MergeLayer } from '../layers/merge';
import type { DiskTools } from './tools-tree';

/** The base layer's folder whose files go to the ESP in place of the root partition. */
const BOOT = 'boot';

export interface RootOptions {
  readonly layers: readonly MergeLayer[];
  /** Files made at assembly. */
  readonly added: readonly AddedFile[];
  readonly uuid: string;
  readonly epoch: number;
  readonly onRead?: (bytes: number) => void;
  /** File to write. */
  readonly out: string;
  /** Folder that gets boot/vmlinuz and boot/initrd. */
  readonly work: string;
}

/**
 * Streams all layers as one tar into mkfs.erofs: nothing is unpacked, no more than blocks are in memory.
 */
export async function writeRoot(tools: DiskTools, options: RootOptions): Promise<Merged> {
  const { file, args } = tools.command('mkfs.erofs', [
    ...[
      '--quiet',
      '--tar=f',
      // Data in the order of the tar, whole blocks of it, and metadata behind: place.ts moves them apart.
      ...['--sort=none', '-E', 'noinline_data'],
      '-T',
      String(options.epoch),
      '--mkfs-time',
      '-U',
      options.uuid,
      '-L',
      'kiln-root',
    ],
    options.out,
  ]);
  const child = spawn(file, args, {
    env: { ...tools.environment, TMPDIR: options.work },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-4096);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  let broken: unknown;
  let merged: Merged | undefined;
  try {
    merged = await mergeLayers({
      layers: options.layers,
      added: options.added,
      leftOut: [BOOT],
      onLeftOut: async (path, content) => {
        const target = join(options.work, path);
        await mkdir(dirname(target), { recursive: true });
        await pipeline(Readable.from(content), createWriteStream(target));
      },
      epoch: options.epoch,
      ...(options.onRead === undefined ? {} : { onRead: options.onRead }),
      out: child.stdin,
    });
  } catch (error) {
    broken = error;
    child.kill('SIGKILL');
  }
  const code = await ended;
  if (broken instanceof KilnError) throw broken;
  if (merged === undefined || code !== 0) {
    throw new KilnError({
      code: 'root-failed',
      what: `mkfs.erofs could not write the root file system (exit code ${String(code)})\n${said.trim()}`,
      cause: broken,
    });
  }
  return merged;
}
