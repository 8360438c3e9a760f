import { createHash } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { Lock } from '../contracts/lock';
import { KilnError } from '../errors';
import { whyUnreadable } from '../files/readable';
import type { Project } from '../project';
import { readAsked } from './asked';
import { changes, staleness, treatedAnew } from './compare';
import { makeLock, type LockPorts } from './make-lock';
import { serialise } from './serialise';

/** A lock that was compared with the specification it was made from: only such a one can be baked. */
export interface Locked {
  readonly lock: Lock;
  /** sha256 of the lock file's bytes, `sha256:…`. */
  readonly digest: string;
}

/** Bytes of the largest lock that is read; one has about 350 for each input. */
const LARGEST = 64 << 20;

/** Undefined when there is none. @throws KilnError `lock-invalid` when it is nothing that can be read. */
function readText({ lock }: Project): string | undefined {
  if (lstatSync(lock, { throwIfNoEntry: false }) === undefined) return undefined;
  const why = whyUnreadable(lock, LARGEST);
  if (why === undefined) return readFileSync(lock, 'utf8');
  throw new KilnError({
    code: 'lock-invalid',
    exitCode: 1,
    what: `${lock} ${why}`,
    hint: 'move it away and make it anew: kiln lock',
  });
}

/** @throws KilnError `lock-invalid` that names every fault of the file. */
export function parseLock(text: string, file = 'factory.lock.json'): Lock {
  const bad = (faults: { where: string; what: string }[]): KilnError =>
    new KilnError({
      code: 'lock-invalid',
      exitCode: 1,
      what: `${file} is not a lock file that this version of kiln can read`,
      hint: 'make it anew: kiln lock --refresh',
      faults,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw bad([{ where: file, what: error instanceof Error ? error.message : String(error) }]);
  }
  const result = Lock.safeParse(value);
  if (result.success) return result.data;
  throw bad(
    result.error.issues.map((issue) => ({
      where: `${file}: ${issue.path.map(String).join('.')}`,
      what: issue.message,
    })),
  );
}

/**
 * Reads factory.lock.json and compares it with the project's specification; no network.
 * @throws KilnError `lock-missing`, `lock-invalid` or `lock-stale` (exit 1), each naming the command that mends it.
 */
export function readLocked(project: Project): Locked {
  const asked = readAsked(project);
  const text = readText(project);
  if (text === undefined) {
    throw new KilnError({
      code: 'lock-missing',
      exitCode: 1,
      what: 'there is no factory.lock.json',
      hint: 'make it: kiln lock',
    });
  }
  const lock = parseLock(text);
  const reasons = staleness(lock, asked);
  if (reasons.length > 0) {
    throw new KilnError({
      code: 'lock-stale',
      exitCode: 1,
      what: 'factory.lock.json is out of date with factory.yaml',
      hint: 'lock again: kiln lock',
      faults: reasons.map((what) => ({ where: 'factory.yaml', what })),
    });
  }
  return { lock, digest: `sha256:${createHash('sha256').update(text).digest('hex')}` };
}

export interface Outcome {
  readonly lock: Lock;
  /** `current`: nothing was asked; `same`: asked, and nothing differs; the file is untouched in both. */
  readonly result: 'written' | 'same' | 'current';
  readonly changes: readonly string[];
}

/**
 * Brings factory.lock.json up to the specification. Pins that answer it are kept unless `refresh`.
 * The file is replaced at once or not at all.
 */
export async function updateLock(project: Project, ports: LockPorts, refresh: boolean): Promise<Outcome> {
  const asked = readAsked(project);
  const text = readText(project);
  let before: Lock | undefined;
  try {
    before = text === undefined ? undefined : parseLock(text);
  } catch (error) {
    // A lock that cannot be read is replaced: that is the way out its error names.
    if (!refresh) throw error;
  }
  if (before !== undefined && !refresh && staleness(before, asked).length === 0) {
    return { lock: before, result: 'current', changes: [] };
  }
  const kept = before === undefined || refresh ? undefined : treatedAnew(before, asked);
  const lock = kept ?? (await makeLock(project, asked, before, ports));
  const written = serialise(lock);
  if (written === text) return { lock, result: 'same', changes: [] };
  const temporary = `${project.lock}.${String(process.pid)}`;
  try {
    await writeFile(temporary, written);
    await rename(temporary, project.lock);
  } finally {
    await rm(temporary, { force: true });
  }
  return { lock, result: 'written', changes: changes(before, lock) };
}
