import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { KilnError } from '../errors';

/** Milliseconds of waiting after which a person is told what for. */
const PATIENCE = 500;

/**
 * Runs `work` while holding an exclusive kernel lock on a file, for processes of one machine. The
 * lock is flock(1)'s, held by a child that ends when this process does, by kill -9 too: so a dead
 * holder never blocks anyone.
 */
export async function withFileLock<T>(
  file: string,
  work: () => Promise<T>,
  onWait: () => void = () => undefined,
): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  const holder = spawn('flock', ['--exclusive', '--no-fork', file, 'cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    // A Ctrl-C of the terminal is for this process to handle; the child sees its end of file.
    detached: true,
  });
  const ended = once(holder, 'exit').catch((error: unknown) => {
    throw new KilnError({
      code: 'missing-tool',
      what: 'flock is not on PATH',
      hint: 'apt-get install util-linux',
      cause: error,
    });
  });
  const patience = setTimeout(onWait, PATIENCE);
  try {
    // `cat` answers only once flock has the lock.
    holder.stdin.on('error', () => undefined);
    holder.stdin.write('.');
    const first = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)]);
    clearTimeout(patience);
    if (!first) {
      throw new KilnError({ code: 'no-lock', what: `cannot lock ${file}`, hint: 'is its folder writable?' });
    }
    return await work();
  } finally {
    clearTimeout(patience);
    holder.stdin.end();
    await ended.catch(() => undefined);
  }
}
