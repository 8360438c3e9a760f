import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { chmod, copyFile, constants, link, mkdir, open, rename, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskIndex } from '../contracts/disk-index';
import { MANIFEST } from '../contracts/manifest';
import { LOCK_COPY, type ImageRecord } from '../contracts/record';
import { withWorkFolder } from '../files/work-folder';
import { hostClock } from '../ports/machine/clock';
import { noSpace } from '../files/content-store';
import { withLock } from '../files/lock';
import { decompress } from '../processes/zstd';
import type { FetchProgress } from '../progress';
import { Meter } from '../progress';
import { CHUNK, lengthAt } from './chunks';
import { readIndex, readNamedFile } from './documents';
import { registryDamaged } from './errors';
import { sha256File } from './hash';
import type { RegistryHome } from './home';
import { DISK, RECORD, chunkKey, hexOf } from './layout';

export interface MaterialiseOptions {
  /** The user's cache: the image goes to images/<hex> below it. */
  readonly cache: string;
  /** The image's bake on this machine, whose disk is taken where it still has its digest. */
  readonly bake?: string;
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Called when another process is at the same image. */
  readonly onWait?: (holder: string) => void;
}

/** Chunks read from the registry ahead of the one that is unpacked. */
const AHEAD = 16;
/** Bytes that a compressed chunk may have: one that does not shrink is stored as it is, with a header. */
const frameLimit = (chunk: number): number => chunk + 64 * 1024;

const cachedFolder = (cache: string, digest: string): string => join(cache, 'images', hexOf(digest));

/** The chunks' frames in the order of the disk, some read ahead. */
async function* framesOf(home: RegistryHome, { chunk, chunks }: DiskIndex): AsyncIterable<Buffer> {
  const load = async (sha256: string): Promise<Buffer> => {
    const key = chunkKey(sha256);
    const frame = await home.load(key, frameLimit(chunk));
    if (frame === undefined) throw registryDamaged([{ where: key, what: 'is missing' }]);
    return frame;
  };
  const coming: Promise<Buffer>[] = [];
  let next = 0;
  try {
    for (;;) {
      for (; coming.length < AHEAD && next < chunks.length; next += 1) {
        const frame = load(chunks[next]?.[1] ?? '');
        frame.catch(() => undefined);
        coming.push(frame);
      }
      const frame = await coming.shift();
      if (frame === undefined) return;
      yield frame;
    }
  } finally {
    await Promise.allSettled(coming);
  }
}

/** Cuts a stream into pieces of the lengths asked for; a piece is valid until the next one. */
class Cutter {
  private rest: Buffer = Buffer.alloc(0);
  private readonly source: AsyncIterator<Buffer>;

  constructor(source: AsyncIterable<Buffer>) {
    this.source = source[Symbol.asyncIterator]();
  }

  /** Fewer bytes than asked for: the stream has ended. */
  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let have = 0;
    while (have < length) {
      if (this.rest.length === 0) {
        const next = await this.source.next();
        if (next.done === true) break;
        this.rest = next.value;
      }
      const part = this.rest.subarray(0, length - have);
      this.rest = this.rest.subarray(part.length);
      parts.push(part);
      have += part.length;
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  async close(): Promise<void> {
    await this.source.return?.();
  }
}

/**
 * Writes the raw disk as a sparse file; every chunk and then the whole is compared with its digest.
 * @throws KilnError `registry-damaged` naming the chunk.
 */
async function writeDisk(
  home: RegistryHome,
  index: DiskIndex,
  path: string,
  onProgress: (progress: FetchProgress) => void = () => undefined,
): Promise<void> {
  const { size, chunk, chunks } = index;
  const bytes = chunks.reduce((sum, [position]) => sum + lengthAt(index, position), 0);
  const meter = new Meter(hostClock, chunks.length, bytes, onProgress);
  const whole = createHash('sha256');
  const zeros = Buffer.alloc(CHUNK);
  let hashed = 0;
  const skipTo = (end: number): void => {
    while (hashed < end) {
      const length = Math.min(zeros.length, end - hashed);
      whole.update(zeros.subarray(0, length));
      hashed += length;
    }
  };
  const cutter = new Cutter(decompress(framesOf(home, index)));
  const file = await open(path, 'wx', 0o644);
  try {
    await file.truncate(size);
    for (const [position, sha256] of chunks) {
      const content = await cutter.take(lengthAt(index, position));
      if (createHash('sha256').update(content).digest('hex') !== sha256)
        throw registryDamaged([{ where: chunkKey(sha256), what: 'does not hold what its name says' }]);
      await file.write(content, 0, content.length, position * chunk);
      skipTo(position * chunk);
      whole.update(content);
      hashed += content.length;
      meter.add(content.length);
      meter.complete();
    }
    skipTo(size);
    await file.sync();
  } finally {
    await cutter.close();
    await file.close();
  }
  const actual = `sha256:${whole.digest('hex')}`;
  if (actual !== index.digest) {
    throw registryDamaged([{ where: `the index of ${index.digest}`, what: `gives another disk: ${actual}` }]);
  }
}

/** Takes the disk of a bake, sharing its blocks; false when it is not that disk, or cannot be taken. */
async function takeFrom(bake: string, digest: string, to: string): Promise<boolean> {
  const disk = join(bake, DISK);
  if (!existsSync(disk) || (await sha256File(disk)) !== digest) return false;
  try {
    await link(disk, to);
  } catch {
    await copyFile(disk, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  }
  return true;
}

async function requireSpace(folder: string, { chunks, chunk }: DiskIndex): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < chunks.length * chunk) throw noSpace(folder);
}

/**
 * An image of the registry as files on this machine: image.raw (sparse, read-only), record.json, and where the
 * registry has them factory.lock.json and files.mtree. Made once and kept in the user's cache; it is there whole
 * and verified or not at all.
 * @returns the folder.
 * @throws KilnError `registry-damaged`, `no-space`.
 */
export async function materialise(
  home: RegistryHome,
  record: ImageRecord,
  options: MaterialiseOptions,
): Promise<string> {
  const { digest } = record;
  const target = cachedFolder(options.cache, digest);
  const disk = join(target, DISK);
  const isHere = (): boolean =>
    existsSync(join(target, RECORD)) && statSync(disk, { throwIfNoEntry: false })?.size === record.size;
  if (isHere()) return target;
  await mkdir(join(options.cache, 'images'), { recursive: true });
  await withLock(
    `${target}.lock`,
    `makes the disk of image ${digest}`,
    async () => {
      if (isHere()) return;
      await withWorkFolder(options.cache, 'image', async (work) => {
        const made = join(work, 'image');
        await mkdir(made);
        if (options.bake === undefined || !(await takeFrom(options.bake, digest, join(made, DISK)))) {
          const index = await readIndex(home, digest);
          await requireSpace(work, index);
          await writeDisk(home, index, join(made, DISK), options.onProgress);
        }
        await chmod(join(made, DISK), 0o444);
        await writeFile(join(made, RECORD), `${JSON.stringify(record, null, 2)}\n`);
        for (const [name, named] of [
          [LOCK_COPY, record.lock],
          [MANIFEST, record.manifest],
        ] as const) {
          const content = await readNamedFile(home, digest, name, named);
          if (content !== undefined) await writeFile(join(made, name), content);
        }
        await rename(made, target);
      });
    },
    options.onWait,
  );
  return target;
}
