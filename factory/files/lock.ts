import { spawn } from 'node:child_process';
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { KilnError } from '../errors';

/*
 * Locks between processes of one machine. A lock is flock(2)'s on an open file of this process, so the kernel gives it
 * back when the process ends, however it ends. Node has no flock(2): flock(1) sets it on the descriptor it inherits and
 * ends, and the lock stays with the open file.
 */

/** Milliseconds of waiting after which a person is told for whom. */
const PATIENCE = 500;

/** Exit code of flock(1) for a lock that another has. */
const TAKEN = 75;

export interface DescriptorLock {
  /** Shared with others who share it; default exclusive. */
  readonly shared?: boolean;
  /** Milliseconds to wait for another to give it back; default 0, `Infinity` for as long as it takes. */
  readonly wait?: number;
}

/**
 * Locks an open file. The lock ends when the last process with the descriptor has closed it or ended.
 * @returns false when another still has the lock after `wait`.
 * @throws KilnError `missing-tool`, `no-lock`.
 */
export async function lockDescriptor(
  descriptor: number,
  { shared = false, wait = 0 }: DescriptorLock = {},
): Promise<boolean> {
  const how = [
    shared ? '--shared' : '--exclusive',
    ...(wait === 0 ? ['--nonblock'] : wait === Infinity ? [] : ['--timeout', String(wait / 1000)]),
    ...['--conflict-exit-code', String(TAKEN), '3'],
  ];
  // A killed process leaves nobody waiting; a Ctrl-C of the terminal is for this process to handle.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'flock', ...how], {
    stdio: ['ignore', 'ignore', 'pipe', descriptor],
    detached: true,
  });
  const said: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (cause) => {
      reject(
        new KilnError({
          code: 'missing-tool',
          what: 'setpriv is not on PATH',
          hint: 'apt-get install util-linux',
          cause,
        }),
      );
    });
    child.on('close', resolve);
  });
  if (code === 0 || code === TAKEN) return code === 0;
  throw new KilnError({
    code: 'no-lock',
    what: `flock failed: ${Buffer.concat(said).toString('utf8').trim() || `exit code ${String(code)}`}`,
  });
}

/** Who has the lock, in their own words; nothing but words: the kernel alone knows who has it. */
function readHolder(file: string): string {
  try {
    return readFileSync(file, 'utf8') || 'another process';
  } catch {
    return 'another process';
  }
}

function openLock(file: string): number {
  try {
    mkdirSync(dirname(file), { recursive: true });
    return openSync(file, 'a', 0o644);
  } catch (cause) {
    throw new KilnError({
      code: 'no-lock',
      what: `cannot lock ${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: 'is its folder writable?',
      cause,
    });
  }
}

/** Whether the name still stands for the open file: whoever gives a lock back removes its file. */
export function isStill(file: string, descriptor: number): boolean {
  const named = statSync(file, { throwIfNoEntry: false });
  const open = fstatSync(descriptor);
  return named?.ino === open.ino && named.dev === open.dev;
}

/** @returns a descriptor that has the lock; undefined when another still has it after so many milliseconds. */
async function take(file: string, wait: number): Promise<number | undefined> {
  for (;;) {
    const descriptor = openLock(file);
    const isOurs = await lockDescriptor(descriptor, { wait }).catch((error: unknown) => {
      closeSync(descriptor);
      throw error;
    });
    if (isOurs && isStill(file, descriptor)) return descriptor;
    closeSync(descriptor);
    if (!isOurs) return undefined;
  }
}

async function waitFor(file: string, onWait: (holder: string) => void): Promise<number> {
  const patience = setTimeout(() => {
    onWait(readHolder(file));
  }, PATIENCE);
  try {
    const descriptor = await take(file, Infinity);
    if (descriptor === undefined) throw new Error(`waited for ${file} without end`);
    return descriptor;
  } finally {
    clearTimeout(patience);
  }
}

/** Writes who has it, does the work, removes the file and gives the lock back. */
async function whileLocked<T>(
  file: string,
  descriptor: number,
  purpose: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    try {
      ftruncateSync(descriptor);
      writeSync(descriptor, `process ${String(process.pid)}: ${purpose}`);
    } catch {
      // A full disk has no space for the words; the lock is held all the same.
    }
    return await work();
  } finally {
    rmSync(file, { force: true });
    closeSync(descriptor);
  }
}

/**
 * One at a time, across the processes of this machine; whoever comes second waits for as long as it takes.
 * @param file the lock; made, and removed at the end. Its folder is made too.
 * @param purpose what the others are told: `process 4711: PURPOSE`.
 * @param onWait called once when another has had it for half a second, with what that one says it does.
 * @throws KilnError `no-lock`, `missing-tool`.
 */
export async function withLock<T>(
  file: string,
  purpose: string,
  work: () => Promise<T>,
  onWait: (holder: string) => void = () => undefined,
): Promise<T> {
  const descriptor = (await take(file, 0)) ?? (await waitFor(file, onWait));
  return await whileLocked(file, descriptor, purpose, work);
}

/** The same without waiting: what another that has it says it does, where one has. */
export async function tryLock<T>(
  file: string,
  purpose: string,
  work: () => Promise<T>,
): Promise<{ readonly done: T } | { readonly holder: string }> {
  const descriptor = await take(file, 0);
  if (descriptor === undefined) return { holder: readHolder(file) };
  return { done: await whileLocked(file, descriptor, purpose, work) };
}
