import { spawn, spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Project } from '../project';

/**
 * One bake at a time in a project. The lock is the kernel's, on a descriptor of this process: it is free as
 * soon as this process is gone, however that came.
 * @param onWait told once who holds it, when it is not free.
 */
export async function withBakeLock<T>(
  project: Project,
  onWait: (holder: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  mkdirSync(project.state, { recursive: true });
  const file = join(project.state, 'bake.lock');
  const descriptor = openSync(file, 'a+');
  const stdio = ['ignore', 'ignore', 'ignore', descriptor] as const;
  try {
    if (spawnSync('flock', ['--exclusive', '--nonblock', '3'], { stdio: [...stdio] }).status !== 0) {
      onWait(readFileSync(file, 'utf8').trim() || 'another process');
      await new Promise<void>((resolve, reject) => {
        const waiting = spawn('flock', ['--exclusive', '3'], { stdio: [...stdio] });
        waiting.on('error', reject);
        waiting.on('close', () => {
          resolve();
        });
      });
    }
    ftruncateSync(descriptor);
    writeSync(descriptor, `pid ${String(process.pid)}, since ${new Date().toISOString()}\n`);
    return await work();
  } finally {
    closeSync(descriptor);
  }
}
