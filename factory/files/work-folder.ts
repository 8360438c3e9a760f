import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { KilnError } from '../errors';
import { lockDescriptor, withLock } from './lock';
import { hasEnded, ownProcess, type ProcessId } from '../processes/process-id';

/** Name of the file in a work folder that whoever works in it has locked. It names the process that is worked for. */
const LOCK = 'lock';

/** Environment variable for processes that work for another: its ProcessId as JSON. They end when it does. */
export const WORKS_FOR = 'KILN_WORKS_FOR';

/** Milliseconds for what a killed process had started to end. */
const PATIENCE = 10_000;

/** For whom a folder was made; undefined when its lock does not say. */
function madeFor(lock: string): ProcessId | undefined {
  try {
    return JSON.parse(readFileSync(lock, 'utf8')) as ProcessId;
  } catch {
    return undefined;
  }
}

/**
 * The lock goes last: a folder with something in it has one, whenever this process is killed. Whoever worked in it may
 * have removed it since its lock was opened here, which is how the lock came free.
 */
function remove(folder: string): void {
  const options = { recursive: true, force: true, maxRetries: 20, retryDelay: 50 };
  for (const name of namesIn(folder).filter((each) => each !== LOCK)) rmSync(join(folder, name), options);
  rmSync(folder, options);
}

/** Empty for a folder that is gone. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Removes the folders of processes that were killed: their lock is free. What those had started may just be ending and
 * hold the lock for a moment more: it is waited for. Those of living processes stay.
 */
async function sweep(parent: string, patience: number): Promise<void> {
  for (const name of readdirSync(parent)) {
    const folder = join(parent, name);
    const lock = join(folder, LOCK);
    let descriptor: number;
    try {
      descriptor = openSync(lock, 'r');
    } catch {
      // Made and locked under the lock that we have: without one, it was being made or removed by a killed process.
      rmSync(folder, { recursive: true, force: true });
      continue;
    }
    try {
      const owner = madeFor(lock);
      const isEnding = owner !== undefined && hasEnded(owner);
      if (await lockDescriptor(descriptor, { wait: isEnding ? patience : 0 })) remove(folder);
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
  return await withLock(`${parent}.lock`, 'makes a work folder', async () => {
    mkdirSync(parent, { recursive: true });
    await sweep(parent, PATIENCE);
    const folder = join(parent, `${purpose}-${randomBytes(6).toString('hex')}`);
    mkdirSync(folder, { mode: 0o755 });
    const descriptor = openSync(join(folder, LOCK), 'w');
    await lockDescriptor(descriptor);
    writeSync(descriptor, process.env[WORKS_FOR] ?? JSON.stringify(ownProcess()));
    return { folder, descriptor };
  });
}

/**
 * Removes what killed processes left in a cache or state folder.
 * @param patience milliseconds for what such a process had started to end.
 */
export async function sweepWork(place: string, patience = PATIENCE): Promise<void> {
  const parent = join(place, 'work');
  if (!existsSync(parent) || readdirSync(parent).length === 0) return;
  await withLock(`${parent}.lock`, 'removes what killed processes left', () => sweep(parent, patience));
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
    remove(folder);
    closeSync(descriptor);
  }
}
