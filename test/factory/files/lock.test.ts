import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockDescriptor, tryLock, withLock } from '../../../factory/files/lock';

const COMPILED = resolve(__dirname, '../../../dist/factory/files/lock.js');
const OURS = `process ${String(process.pid)}`;

let folder: string;
let file: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-lock-'));
  file = join(folder, 'inner', 'lock');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Another process that has the lock of a file that is there, as long as it lives. */
async function other(lock: string): Promise<ChildProcess> {
  const child = spawn('flock', ['--no-fork', lock, 'sh', '-c', 'echo held; exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

/** Another process of kiln, as it is compiled. */
function kiln(call: string): ChildProcess {
  const program = `const { withLock } = require(${JSON.stringify(COMPILED)}); void ${call}; setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

/** Numbers of the processes that have the file open. */
const holdOpen = (lock: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readdirSync(`/proc/${pid}/fd`).some((fd) => {
          try {
            return readlinkSync(`/proc/${pid}/fd/${fd}`) === lock;
          } catch {
            return false; // closed meanwhile
          }
        });
      } catch {
        return false; // ended meanwhile
      }
    })
    .map(Number);

describe('a lock that is not waited for', () => {
  it('is had by one, and the other is told by whom', async () => {
    const inner = await tryLock(file, 'night', async () => {
      expect(await tryLock(file, 'another', () => Promise.resolve('second'))).toEqual({
        holder: `${OURS}: night`,
      });
      return 'first';
    });
    expect(inner).toEqual({ done: 'first' });
    expect(existsSync(file)).toBe(false);
    expect(await tryLock(file, 'night', () => Promise.resolve(1))).toEqual({ done: 1 });
  });

  it('is free again when what was done under it failed', async () => {
    await expect(tryLock(file, 'night', () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(existsSync(file)).toBe(false);
    expect(await tryLock(file, 'night', () => Promise.resolve(1))).toEqual({ done: 1 });
  });

  it.each([
    ['nothing', '', 'another process'],
    ['what it does', 'process 7: bake', 'process 7: bake'],
  ])('ends with a process that was killed and had written %s', async (_, written, holder) => {
    const lock = join(folder, 'lock');
    writeFileSync(lock, written);
    const child = await other(lock);
    expect(await tryLock(lock, 'night', () => Promise.resolve(1))).toEqual({ holder });
    child.kill('SIGKILL');
    await once(child, 'exit');
    // What the file says is only for people: the kernel knows who has the lock.
    expect(existsSync(lock)).toBe(true);
    expect(await tryLock(lock, 'night', () => Promise.resolve('had'))).toEqual({ done: 'had' });
  });

  it('ends with a kiln that was killed, at once', async () => {
    const child = kiln(`withLock(${JSON.stringify(file)}, 'bake', () => new Promise(() => {}))`);
    const holder = `process ${String(child.pid)}: bake`;
    await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8')).toBe(holder);
    expect(await tryLock(file, 'night', () => Promise.resolve(1))).toEqual({ holder });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await tryLock(file, 'night', () => Promise.resolve('had'))).toEqual({ done: 'had' });
    expect(existsSync(file)).toBe(false);
  });
});

describe('a lock that is waited for', () => {
  it('is told of once, with its holder, and had in the end', async () => {
    const order: string[] = [];
    const first = withLock(file, 'first', async () => {
      await sleep(900);
      order.push('first');
    });
    await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8')).toBe(`${OURS}: first`);
    await withLock(
      file,
      'second',
      () => Promise.resolve(order.push('second')),
      (holder) => order.push(`waits for ${holder}`),
    );
    await first;
    expect(order).toEqual([`waits for ${OURS}: first`, 'first', 'second']);
  });

  it('says nothing of a wait that nobody notices', async () => {
    const told: string[] = [];
    const first = withLock(file, 'first', () => sleep(50));
    await withLock(
      file,
      'second',
      () => Promise.resolve(),
      (holder) => told.push(holder),
    );
    await first;
    expect(told).toEqual([]);
  });

  it('is had by one at a time, whoever makes and removes its file meanwhile', async () => {
    let inside = 0;
    const most: number[] = [];
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let round = 0; round < 5; round += 1)
          await withLock(file, 'many', async () => {
            inside += 1;
            most.push(inside);
            await sleep(1);
            inside -= 1;
          });
      }),
    );
    expect(most).toEqual(Array.from({ length: 40 }, () => 1));
    expect(existsSync(file)).toBe(false);
  });

  it('leaves no process behind when the one that waits is killed', async () => {
    const lock = join(folder, 'lock');
    writeFileSync(lock, '');
    const owner = await other(lock);
    const waiter = kiln(`withLock(${JSON.stringify(lock)}, 'waits', () => undefined)`);
    await expect.poll(() => holdOpen(lock).length).toBe(3); // the owner, the waiter and what waits for it
    waiter.kill('SIGKILL');
    await expect.poll(() => holdOpen(lock)).toEqual([owner.pid]);
  });
});

describe('the lock of an open file', () => {
  it('is shared with those who share it, and with nobody else', async () => {
    const [one, two, three] = [
      openSync(join(folder, 'lock'), 'a'),
      openSync(join(folder, 'lock'), 'r'),
      openSync(join(folder, 'lock'), 'r'),
    ];
    expect(await lockDescriptor(one, { shared: true })).toBe(true);
    expect(await lockDescriptor(two, { shared: true })).toBe(true);
    expect(await lockDescriptor(three, { wait: 100 })).toBe(false);
    closeSync(one);
    closeSync(two);
    expect(await lockDescriptor(three)).toBe(true);
    closeSync(three);
  });
});

it('a lock whose folder cannot be made says so', async () => {
  writeFileSync(join(folder, 'inner'), 'a file');
  await expect(withLock(file, 'night', () => Promise.resolve())).rejects.toMatchObject({
    code: 'no-lock',
    message: expect.stringContaining(`cannot lock ${file}: `) as string,
  });
});
