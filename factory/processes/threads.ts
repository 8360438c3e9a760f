import { readlinkSync } from 'node:fs';
import { availableParallelism, setPriority } from 'node:os';
import { parentPort, Worker } from 'node:worker_threads';

/** Does a task; `onBytes` gets how many bytes of it are done, as they are. */
export type Doing<Task, Result> = (task: Task, onBytes?: (bytes: number) => void) => Promise<Result>;

/** What a thread says of its task: how many bytes more, and once how it ended. */
type Word<Result> = { readonly bytes: number } | { readonly result: Result } | { readonly error: unknown };

/** More are not faster: what they read and write is in memory. */
const MOST = 4;

interface Waiting<Task, Result> {
  readonly task: Task;
  readonly onBytes: (bytes: number) => void;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gives work a few threads, whose number changes no result; they are gone when it has ended.
 * @param program the compiled file that they run, which calls `serve`.
 * @param most threads; by default as many as there are processors, up to four.
 */
export async function withThreads<Task, Result, T>(
  program: string,
  work: (run: Doing<Task, Result>) => Promise<T>,
  most = Math.min(MOST, availableParallelism()),
): Promise<T> {
  const queue: Waiting<Task, Result>[] = [];
  const busy = new Map<Worker, Waiting<Task, Result>>();
  const idle: Worker[] = [];
  let broken: Error | undefined;

  const next = (): void => {
    for (let worker = idle.at(-1); worker !== undefined; worker = idle.at(-1)) {
      const waiting = queue.shift();
      if (waiting === undefined) return;
      idle.pop();
      busy.set(worker, waiting);
      worker.postMessage(waiting.task);
    }
  };
  const end = (worker: Worker, settle: (waiting: Waiting<Task, Result>) => void): void => {
    const waiting = busy.get(worker);
    busy.delete(worker);
    idle.push(worker);
    if (waiting !== undefined) settle(waiting);
    next();
  };
  const workers = Array.from({ length: most }, () => {
    const worker = new Worker(program);
    worker.on('message', (word: Word<Result>) => {
      if ('bytes' in word) busy.get(worker)?.onBytes(word.bytes);
      else if ('result' in word)
        end(worker, ({ resolve }) => {
          resolve(word.result);
        });
      else
        end(worker, ({ reject }) => {
          reject(word.error);
        });
    });
    // Only an internal error, or no memory, ends a thread.
    worker.on('error', (error) => {
      broken = error;
      for (const { reject } of [...busy.values(), ...queue.splice(0)]) reject(error);
    });
    idle.push(worker);
    return worker;
  });
  try {
    return await work(
      (task, onBytes = () => undefined) =>
        new Promise((resolve, reject) => {
          if (broken !== undefined) {
            reject(broken);
            return;
          }
          queue.push({ task, onBytes, resolve, reject });
          next();
        }),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Of nice(2): whoever else wants the processor goes first. */
const LAST = 19;

/** From now on this thread has the processors that nobody else wants: for work that is in no hurry. */
export function giveWay(): void {
  // Linux has a priority for each thread, by its number.
  const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  setPriority(thread, LAST);
}

/** A thread's whole life: one task after the other, and what came of each. */
export function serve<Task, Result>(does: Doing<Task, Result>): void {
  const say = (word: Word<Result>): void => parentPort?.postMessage(word);
  parentPort?.on('message', (task: Task) => {
    does(task, (bytes) => {
      say({ bytes });
    }).then(
      (result) => {
        say({ result });
      },
      (error: unknown) => {
        say({ error });
      },
    );
  });
}
