import { readFileSync, readlinkSync } from 'node:fs';

/** One process of this machine, for ever: its number is given to another one day. */
export interface ProcessId {
  readonly pid: number;
  /** When it started, in the kernel's ticks since boot. */
  readonly started: string;
  /** The pid namespace in which it has that number. */
  readonly namespace: string;
}

const namespace = (): string => readlinkSync('/proc/self/ns/pid');

/** Field 22 of /proc/PID/stat (proc(5)): clock ticks since the machine's start; undefined for zombies. */
export function startTime(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

/** Undefined when there is no such process, or only what is left until its parent asks for it. */
function started(pid: number): string | undefined {
  try {
    return startTime(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

const SIGKILL = 1n << 8n;

/** Whether it has been killed, and may only still be busy in the kernel. */
function isKilled(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    return [...status.matchAll(/^S(?:ig|hd)Pnd:\s*([0-9a-f]+)$/gm)].some(
      ([, pending = '0']) => (BigInt(`0x${pending}`) & SIGKILL) !== 0n,
    );
  } catch {
    return true;
  }
}

export function ownProcess(): ProcessId {
  return { pid: process.pid, started: started(process.pid) ?? '', namespace: namespace() };
}

/** Whether the process has ended or is ending; false when it cannot be seen from here. */
export function hasEnded(id: ProcessId): boolean {
  if (id.namespace !== namespace()) return false;
  return started(id.pid) !== id.started || isKilled(id.pid);
}
