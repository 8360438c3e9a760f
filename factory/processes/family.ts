import { readdirSync, readFileSync } from 'node:fs';

/** Bytes of a page of memory on x86-64. */
const PAGE = 4096;

interface Process {
  readonly parent: number;
  /** Bytes. */
  readonly memory: number;
}

/** Undefined when it ended in between. */
function processOf(pid: string): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): the name, in brackets, may have spaces; the field after the next is the parent.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    const [, resident = 0, shared = 0] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ').map(Number);
    return { parent, memory: (resident - shared) * PAGE };
  } catch {
    return undefined;
  }
}

/** One of a family of processes. */
export interface Relative {
  readonly pid: number;
  /** Bytes of memory that are not shared with files or others. */
  readonly memory: number;
}

/**
 * A process with all that it started, first itself. Who left the family, by a parent that ended, is not found; in a pid
 * namespace with a first process of its own nobody leaves.
 */
export function familyOf(first: number): readonly Relative[] {
  const all = new Map<number, Process>();
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    const found = processOf(name);
    if (found === undefined) continue;
    all.set(Number(name), found);
    children.set(found.parent, [...(children.get(found.parent) ?? []), Number(name)]);
  }
  const family = [first];
  for (const pid of family) family.push(...(children.get(pid) ?? []));
  return family.map((pid) => ({ pid, memory: all.get(pid)?.memory ?? 0 }));
}

/** Sends a signal to a process and all that it started, the youngest last; who has ended meanwhile is no fault. */
export function signalFamily(first: number, signal: NodeJS.Signals): void {
  for (const { pid } of familyOf(first)) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended, or is another user's.
    }
  }
}
