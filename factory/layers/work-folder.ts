import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { KilnError } from '../errors';
import { withFileLock } from '../ports/file-lock';

/** flock(1) on a descriptor of ours: the lock stays with the descriptor, so with this process, whatever ends it. */
function tryLock(descriptor: number): boolean {
  return (
    spawnSync('flock', ['--exclusive', '--nonblock', '3'], {
      stdio: ['ignore', 'ignore', 'ignore', descriptor],
    }).status === 0
  );
}

/** Folders of bakes that were killed: their lock is free. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const lock = join(parent, name, 'lock');
    if (!existsSync(lock)) continue;
    const descriptor = openSync(lock, 'r');
    try {
      // Again for a while: what the killed process had started may just be ending.
      if (tryLock(descriptor))
        rmSync(join(parent, name), { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    } finally {
      closeSync(descriptor);
    }
  }
}

/** A new folder that is locked by the descriptor; nobody sweeps between its making and its locking. */
async function lockedFolder(
  parent: string,
  purpose: string,
): Promise<{ readonly folder: string; readonly descriptor: number }> {
  return await withFileLock(`${parent}.lock`, () => {
    mkdirSync(parent, { recursive: true });
    sweep(parent);
    const folder = join(parent, `${purpose}-${randomBytes(6).toString('hex')}`);
    mkdirSync(folder, { mode: 0o755 });
    const descriptor = openSync(join(folder, 'lock'), 'w');
    tryLock(descriptor);
    return Promise.resolve({ folder, descriptor });
  });
}

/** Removes what killed processes left in a cache or state folder. */
export async function sweepWork(place: string): Promise<void> {
  const parent = join(place, 'work');
  if (!existsSync(parent) || readdirSync(parent).length === 0) return;
  await withFileLock(`${parent}.lock`, () => {
    sweep(parent);
    return Promise.resolve();
  });
}

/** Bytes; programs give up before the very last one is taken. */
const FULL = 16 * 1024 * 1024;

/** Not every program says what it lacked: mkfs.erofs finds a tar that it could not keep to be no tar. */
function named(error: unknown, folder: string): unknown {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize > FULL) return error;
  return new KilnError({
    code: 'no-space',
    what: `No space left on device: ${folder}\n${error instanceof Error ? error.message : String(error)}`,
    cause: error,
  });
}

/**
 * Gives `work` an empty folder in a cache or state folder and removes it afterwards; what killed processes
 * left there is removed first. What shall appear whole or not at all is made in it and renamed to its place.
 */
export async function withWorkFolder<T>(
  place: string,
  purpose: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const { folder, descriptor } = await lockedFolder(join(place, 'work'), purpose);
  try {
    return await work(folder);
  } catch (error) {
    throw named(error, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    closeSync(descriptor);
  }
}
