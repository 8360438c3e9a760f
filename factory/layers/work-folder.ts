import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

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
      if (tryLock(descriptor)) rmSync(join(parent, name), { recursive: true, force: true });
    } finally {
      closeSync(descriptor);
    }
  }
}

/**
 * Gives `work` an empty folder in the user's cache and removes it afterwards; what killed processes left
 * there is removed first.
 */
export async function withWorkFolder<T>(
  cache: string,
  purpose: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const parent = join(cache, 'work');
  mkdirSync(parent, { recursive: true });
  sweep(parent);
  const folder = join(parent, `${purpose}-${randomBytes(6).toString('hex')}`);
  mkdirSync(folder, { mode: 0o755 });
  const descriptor = openSync(join(folder, 'lock'), 'w');
  tryLock(descriptor);
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    closeSync(descriptor);
  }
}
