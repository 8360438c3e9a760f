import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { DiskIndex } from '../contracts/disk-index';
import { MANIFEST } from '../contracts/manifest';
import { LOCK_COPY, type ImageRecord } from '../contracts/record';
import { KilnError } from '../errors';
import { withWorkFolder } from '../files/work-folder';
import { hostClock } from '../ports/machine/clock';
import { compress } from '../processes/zstd';
import type { FetchProgress } from '../progress';
import { Meter } from '../progress';
import { indexDisk, lengthAt } from './chunks';
import { digestDiffers } from './errors';
import { sha256Text } from './hash';
import { withLease } from './lease';
import { checkRecord } from './read';
import type { RegistryHome } from './home';
import {
  CHUNKS,
  COMPRESSED,
  INDEX,
  RECORD,
  REMOVED,
  VERDICTS,
  chunkKey,
  chunkOf,
  imageFolder,
} from './layout';

/** The contents of an image that are not its disk: file name in the image's folder -> text. */
export interface ImageDocuments {
  readonly record: string;
  /** Name in verdicts/ -> text. */
  readonly verdicts: Readonly<Record<string, string>>;
  /** Name -> path of a file that is copied: the lock and the manifest, where the bake has them. */
  readonly copies: Readonly<Record<string, string>>;
}

export interface StoreOptions {
  /** Where what is under way may lie: a cache or state folder. */
  readonly scratch: string;
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Called once when something else has the registry, with what it is. */
  readonly onWait?: (what: string) => void;
}

/** Chunks that one zstd compresses: 16 MiB. */
const BATCH = 32;
/** Batches at a time: with two, one compresses while the other is written; memory stays at some of them. */
const BATCHES = 2;
/** Objects written at a time. */
const WRITES = 8;

/** Whether the image is there as a whole. */
export async function isStored(home: RegistryHome, digest: string): Promise<boolean> {
  const names = await home.list(imageFolder(digest));
  return names.includes(RECORD) && !names.includes(REMOVED);
}

async function storedChunks(home: RegistryHome): Promise<Set<string>> {
  const found = new Set<string>();
  for await (const { key, size } of home.walk(CHUNKS)) {
    const sha256 = chunkOf(key);
    if (sha256 !== undefined && size > 0) found.add(sha256);
  }
  return found;
}

function* batches<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

/** Compresses and writes the chunks that are not there; those of a try that was cut short are. */
async function storeChunks(
  home: RegistryHome,
  disk: string,
  index: DiskIndex,
  scratch: string,
  onProgress: (progress: FetchProgress) => void,
): Promise<void> {
  const there = await storedChunks(home);
  const lacking = [
    ...new Map(
      index.chunks
        .filter(([, sha256]) => !there.has(sha256))
        .map(([position, sha256]) => [sha256, position] as const),
    ),
  ];
  if (lacking.length === 0) return;
  const bytes = lacking.reduce((sum, [, position]) => sum + lengthAt(index, position), 0);
  const meter = new Meter(hostClock, lacking.length, bytes, onProgress);
  const writes = pLimit(WRITES);
  const atOnce = pLimit(BATCHES);
  const file = await open(disk, 'r');
  try {
    const faults: unknown[] = [];
    await Promise.all(
      [...batches(lacking, BATCH)].map((batch) =>
        atOnce(async () => {
          if (faults.length > 0) return;
          const contents: Buffer[] = [];
          for (const [, position] of batch) {
            const content = Buffer.alloc(lengthAt(index, position));
            await file.read(content, 0, content.length, position * index.chunk);
            contents.push(content);
          }
          const frames = await compress(contents, join(scratch, randomUUID()));
          await Promise.all(
            batch.map(([sha256, position], at) =>
              writes(async () => {
                await home.put(chunkKey(sha256), frames[at] ?? Buffer.alloc(0));
                meter.add(lengthAt(index, position));
                meter.complete();
              }),
            ),
          );
        }).catch((error: unknown) => {
          faults.push(error);
        }),
      ),
    );
    if (faults.length > 0) throw faults[0];
  } finally {
    await file.close();
  }
}

/** The digests by which a record names what stands beside it. */
const named = (record: ImageRecord): Readonly<Record<string, string>> => ({
  [LOCK_COPY]: record.lock,
  [MANIFEST]: record.manifest,
});

async function storeCopies(
  home: RegistryHome,
  record: ImageRecord,
  copies: ImageDocuments['copies'],
  scratch: string,
): Promise<void> {
  for (const [name, path] of Object.entries(copies)) {
    const content = await buffer(createReadStream(path));
    const expected = named(record)[name];
    const actual = `sha256:${sha256Text(content)}`;
    if (expected !== undefined && actual !== expected) throw digestDiffers(path, expected, actual);
    const [frame] = await compress([content], join(scratch, randomUUID()));
    if (frame !== undefined) await home.put(`${imageFolder(record.digest)}/${name}${COMPRESSED}`, frame);
  }
}

/** @throws KilnError `digest-differs`. */
async function checkedIndex(disk: string, record: ImageRecord): Promise<DiskIndex> {
  const index = await indexDisk(disk);
  if (index.digest !== record.digest) throw digestDiffers(disk, record.digest, index.digest);
  if (index.size === record.size) return index;
  throw new KilnError({
    code: 'digest-differs',
    what: `${disk} has ${String(index.size)} bytes, its record says ${String(record.size)}`,
    hint: 'its record was changed after the bake: remove its folder and bake again with kiln bake',
  });
}

/**
 * Stores an image: its index, the chunks that no other image brought, what stands beside, and last the record,
 * with which it is there. An interrupted store resumes where it was. Does nothing when the image is stored.
 * @returns whether it was stored now.
 * @throws KilnError `digest-differs`, before anything is written.
 */
export async function storeImage(
  home: RegistryHome,
  digest: string,
  disk: string,
  files: ImageDocuments,
  options: StoreOptions,
): Promise<boolean> {
  if (await isStored(home, digest)) return false;
  const record = checkRecord(digest, files.record);
  const index = await checkedIndex(disk, record);
  const folder = imageFolder(digest);
  await withLease(home, `stores image ${digest}`, options.onWait, async () => {
    await withWorkFolder(options.scratch, 'store', async (scratch) => {
      // First, so that what is cut short here can be told from chunks that nobody needs.
      await home.put(`${folder}/${INDEX}`, Buffer.from(`${JSON.stringify(index)}\n`));
      await storeChunks(home, disk, index, scratch, options.onProgress ?? (() => undefined));
      await storeCopies(home, record, files.copies, scratch);
      for (const [name, text] of Object.entries(files.verdicts))
        await home.create(`${folder}/${VERDICTS}/${name}`, text);
      await home.flush();
      await home.create(`${folder}/${RECORD}`, files.record);
      await home.remove(`${folder}/${REMOVED}`);
    });
  });
  return true;
}
