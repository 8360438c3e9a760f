import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lock } from '../contracts/lock';
import { LOCK_COPY } from '../contracts/record';
import { KilnError, type Fault } from '../errors';
import { parseLock } from '../lock';

export interface KnownLock {
  /** File, for messages. */
  readonly from: string;
  readonly lock: Lock;
}

/** The lock of an image in the registry; without text: it was stored without one. */
export interface StoredLock {
  readonly from: string;
  readonly text: string | undefined;
}

const read = (file: string): KnownLock => ({
  from: file,
  lock: parseLock(readFileSync(file, 'utf8'), file),
});

/**
 * Every lock that something still needs: the files given, and that of each image in the folders.
 * @throws KilnError `lock-unknown` for images without theirs: what they were made of could not be kept.
 */
export function knownLocks(
  files: readonly string[],
  imageFolders: readonly string[],
  stored: readonly StoredLock[] = [],
): KnownLock[] {
  const found: KnownLock[] = [];
  const faults: Fault[] = [];
  for (const file of files) {
    if (existsSync(file)) found.push(read(file));
    else faults.push({ where: file, what: 'there is no such lock' });
  }
  for (const folder of imageFolders.filter((each) => existsSync(each))) {
    for (const image of readdirSync(folder).filter((name) => /^[0-9a-f]{64}$/.test(name))) {
      const file = join(folder, image, LOCK_COPY);
      if (existsSync(file)) found.push(read(file));
      else faults.push({ where: join(folder, image), what: `the image has no ${LOCK_COPY} beside it` });
    }
  }
  for (const { from, text } of stored) {
    if (text === undefined) faults.push({ where: from, what: `the image has no ${LOCK_COPY} beside it` });
    else found.push({ from, lock: parseLock(text, from) });
  }
  if (faults.length === 0) return found;
  throw new KilnError({
    code: 'lock-unknown',
    exitCode: 1,
    what: 'not every lock is known: what it names would be taken for unused',
    hint: `put the lock of each there as ${LOCK_COPY}, or remove the image`,
    faults,
  });
}
