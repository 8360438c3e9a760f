import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Doing, withThreads } from '../../../factory/ports/threads';

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
});
