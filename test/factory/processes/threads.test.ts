import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Doing, withThreads } from '../../../factory/processes/threads';

const COMPILED = resolve(__dirname, '../../../dist/factory/processes/threads.js');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-threads-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A worker that answers a task by that expression, or throws. */
function program(answer: string): string {
  const file = join(folder, 'worker.cjs');
  writeFileSync(
    file,
    `const { parentPort } = require('node:worker_threads');
     parentPort.on('message', (task) => { parentPort.postMessage(${answer}); });`,
  );
  return file;
}
interface Task {
  readonly file: string;
}

describe('threads', () => {
  it('give each task its own answer, however many there are', async () => {
    const files = Array.from({ length: 50 }, (_, n) => `file ${String(n)}`);
    const found = await withThreads(program('{ result: `of ${task.file}` }'), (run: Doing<Task, string>) =>
      Promise.all(files.map((file) => run({ file }))),
    );
    expect(found).toEqual(files.map((file) => `of ${file}`));
  });

  it('hand on the error of a task, and go on with the others', async () => {
    const found = await withThreads(
      program("task.file === 'bad' ? { error: new Error('ENOSPC: no space left') } : { result: 'x' }"),
      (run: Doing<Task, string>) => Promise.allSettled(['bad', 'good'].map((file) => run({ file }))),
    );
    expect(found).toMatchObject([
      { status: 'rejected', reason: { message: 'ENOSPC: no space left' } },
      { status: 'fulfilled', value: 'x' },
    ]);
  });

  it('that end by a fault leave nobody waiting', async () => {
    const found = await withThreads(
      program("(() => { throw new Error('broken'); })()"),
      (run: Doing<Task, string>) => Promise.allSettled(Array.from({ length: 20 }, () => run({ file: 'x' }))),
    );
    expect(found.every(({ status }) => status === 'rejected')).toBe(true);
  });

  it('are as many as is asked for', async () => {
    const tasks = Array.from({ length: 20 }, () => ({ file: 'x' }));
    const found = await withThreads(
      program("{ result: require('node:worker_threads').threadId }"),
      (run: Doing<Task, number>) => Promise.all(tasks.map((task) => run(task))),
      1,
    );
    expect(new Set(found).size).toBe(1);
  });

  it('give way alone: the others of the process stay as they are', async () => {
    const file = join(folder, 'worker.cjs');
    writeFileSync(
      file,
      `const { parentPort } = require('node:worker_threads');
       const { readFileSync } = require('node:fs');
       const { giveWay } = require(${JSON.stringify(COMPILED)});
       const nice = () => readFileSync('/proc/thread-self/stat', 'utf8').replace(/^.*\\) /, '').split(' ')[16];
       parentPort.on('message', () => {
         const before = nice();
         giveWay();
         parentPort.postMessage({ result: [before, nice()].map(Number) });
       });`,
    );
    const [before = 0, after] = await withThreads(
      file,
      (run: Doing<Task, number[]>) => run({ file: 'x' }),
      1,
    );
    expect(before).toBeLessThan(19);
    expect(after).toBe(19);
    expect(getPriority()).toBe(before);
  });
});
