import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { KilnError } from '../errors';
import type { ObjectStore } from '../ports/objects/object-store';
import { relativePath } from './address';

interface Transfer {
  readonly key: string;
  readonly file: string;
  /** Bytes. */
  readonly size: number;
}

/** More at once gain nothing on one machine. */
const AT_ONCE = 8;

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}

/**
 * Puts a file at `key`, or, where `key` is empty or ends with a slash, below it under its own name;
 * or everything of a folder below `key`.
 * @returns what was put, by key.
 */
export async function upload(
  store: ObjectStore,
  source: string,
  key: string,
  onDone?: (transfer: Transfer) => void,
): Promise<readonly Transfer[]> {
  const info = await stat(source).catch((error: unknown) => {
    throw new KilnError({
      code: 'no-file',
      what: `there is no file or folder ${source}`,
      exitCode: 2,
      cause: error,
    });
  });
  const folder = key === '' || key.endsWith('/') ? key : `${key}/`;
  const plan: Transfer[] = [];
  if (info.isDirectory()) {
    for (const entry of await readdir(source, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      const path = relative(source, file).split(sep).join('/');
      plan.push({ key: `${folder}${path}`, file, size: (await stat(file)).size });
    }
  } else {
    const target = key === '' || key.endsWith('/') ? `${key}${basename(source)}` : key;
    plan.push({ key: target, file: source, size: info.size });
  }
  plan.sort((a, b) => (a.key < b.key ? -1 : 1));
  await inParallel(plan, async (transfer) => {
    await store.put(transfer.key, { file: transfer.file });
    onDone?.(transfer);
  });
  return plan;
}

async function fetchTo(store: ObjectStore, transfer: Transfer): Promise<void> {
  await mkdir(dirname(transfer.file), { recursive: true });
  const part = `${transfer.file}.${String(process.pid)}.part`;
  try {
    await pipeline(await store.get(transfer.key), createWriteStream(part));
    const { size } = await stat(part);
    if (size !== transfer.size) {
      throw new KilnError({
        code: 'object-cut',
        what: `${transfer.key}: ${String(size)} of ${String(transfer.size)} bytes came`,
        hint: 'run it again; nothing of it was kept',
      });
    }
    await rename(part, transfer.file);
  } finally {
    await rm(part, { force: true });
  }
}

/**
 * Fetches one object into a file (or, when `target` is a folder, into it), or everything below a
 * prefix into a folder. A file is there whole or not at all. Folder markers are left out.
 * @returns what was fetched, by key.
 * @throws KilnError `object-missing` when nothing matches.
 */
export async function download(
  store: ObjectStore,
  key: string,
  target: string,
  onDone?: (transfer: Transfer) => void,
): Promise<readonly Transfer[]> {
  const plan: Transfer[] = [];
  const one = key === '' || key.endsWith('/') ? undefined : await store.head(key);
  if (one !== undefined) {
    const folder = await stat(target).then(
      (info) => info.isDirectory(),
      () => target.endsWith('/'),
    );
    plan.push({ ...one, file: folder ? join(target, basename(key)) : target });
  } else {
    const prefix = key === '' || key.endsWith('/') ? key : `${key}/`;
    for await (const info of store.list(prefix)) {
      if (info.key.endsWith('/') || info.key === prefix) continue;
      plan.push({ ...info, file: join(target, relativePath(prefix, info.key)) });
    }
  }
  if (plan.length === 0) {
    throw new KilnError({
      code: 'object-missing',
      what: `there is no object ${key} and none below it`,
      hint: 'kiln store ls lists what there is',
      exitCode: 1,
    });
  }
  await inParallel(plan, async (transfer) => {
    await fetchTo(store, transfer);
    onDone?.(transfer);
  });
  return plan;
}
