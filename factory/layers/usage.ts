import { readdirSync, readFileSync } from 'node:fs';

const MIB = 1 << 20;
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

/**
 * A process with all that it started. In a pid namespace with a first process of its own nothing leaves that family.
 * @returns how many they are, and MiB of memory that is not shared with files or others.
 */
export function familyOf(first: number): { readonly processes: number; readonly memory: number } {
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
  const memory = family.reduce((sum, pid) => sum + (all.get(pid)?.memory ?? 0), 0);
  return { processes: family.length, memory: memory / MIB };
}
