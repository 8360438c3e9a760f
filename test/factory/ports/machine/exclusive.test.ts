import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exclusively, tryExclusively } from '../../../../factory/ports/machine/exclusive-host';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-lock-'));
  file = join(folder, 'inner', 'lock');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a lock that is not waited for', () => {
  it('is had by one, and the other is told by whom', async () => {
    const inner = await tryExclusively(file, 'night', async () => {
      const second = await tryExclusively(file, 'another', () => Promise.resolve('second'));
      expect(second).toEqual({ holder: `process ${String(process.pid)}: night` });
      return 'first';
    });
    expect(inner).toEqual({ done: 'first' });
    expect(existsSync(file)).toBe(false);
    expect(await tryExclusively(file, 'night', () => Promise.resolve(1))).toEqual({ done: 1 });
  });

  it('is free again when what was done under it failed', async () => {
    await expect(tryExclusively(file, 'night', () => Promise.reject(new Error('failed')))).rejects.toThrow(
      'failed',
    );
    expect(await tryExclusively(file, 'night', () => Promise.resolve(1))).toEqual({ done: 1 });
  });

  it('is not left behind by a process that was killed', async () => {
    // What the lock's own file says is only for people: the kernel knows who has it.
    const program = join(folder, 'holder.mjs');
    writeFileSync(
      program,
      `import { spawn } from 'node:child_process';
       const child = spawn('flock', ['--no-fork', ${JSON.stringify(join(folder, 'lock'))}, 'cat'], { stdio: ['pipe', 'pipe', 'ignore'] });
       child.stdin.write('.'); child.stdout.on('data', () => console.log('held')); setInterval(() => {}, 1000);`,
    );
    const other = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(other.stdout, 'data');
    const lock = join(folder, 'lock');
    expect(await tryExclusively(lock, 'night', () => Promise.resolve(1))).toEqual({ holder: '' });
    other.kill('SIGKILL');
    await once(other, 'exit');
    for (let tries = 0; ; tries += 1) {
      const had = await tryExclusively(lock, 'night', () => Promise.resolve('had'));
      if ('done' in had) break;
      // The child sees the end of its pipe a moment later.
      expect(tries).toBeLessThan(100);
      await sleep(20);
    }
  });
});

it('a lock that is waited for is told of once, and had in the end', async () => {
  const order: string[] = [];
  const first = exclusively(file, 'first', async () => {
    await sleep(300);
    order.push('first');
  });
  await sleep(150);
  await exclusively(
    file,
    'second',
    () => Promise.resolve(order.push('second')),
    (holder) => order.push(`waits for ${holder.split(': ')[1] ?? ''}`),
  );
  await first;
  expect(order).toEqual(['waits for first', 'first', 'second']);
});
