import { readFileSync, readdirSync, readlinkSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What a machine has that something may forget to take away, one line each: processes, PID, mount and
 * network namespaces, mounts, loop devices, control groups, entries of /run/kiln and temporary folders.
 */
export type Inventory = ReadonlySet<string>;

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

const list = (path: string): string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};

const link = (path: string): string => {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
};

function* processes(): Generator<string> {
  for (const pid of list('/proc').filter((name) => /^\d+$/.test(name))) {
    const words = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
    if (words === '' || Number(pid) === process.pid) continue; // a kernel thread, ended, or us
    yield `process ${pid}: ${words} (in ${link(`/proc/${pid}/cwd`)})`;
    for (const kind of ['pid', 'mnt', 'net']) {
      const namespace = link(`/proc/${pid}/ns/${kind}`);
      if (namespace !== '' && namespace !== link(`/proc/self/ns/${kind}`)) {
        yield `namespace ${namespace}, of process ${pid}: ${words}`;
      }
    }
  }
}

function* mounts(): Generator<string> {
  for (const line of read('/proc/self/mountinfo').trim().split('\n')) {
    const [, , , , target = ''] = line.split(' ');
    yield `mount ${target} (${line.split(' - ')[1] ?? ''})`;
  }
}

function* loops(): Generator<string> {
  for (const device of list('/sys/block').filter((name) => name.startsWith('loop'))) {
    const file = read(`/sys/block/${device}/loop/backing_file`).trim();
    if (file !== '') yield `loop device /dev/${device} of ${file}`;
  }
}

function* groups(folder = '/sys/fs/cgroup', depth = 0): Generator<string> {
  for (const entry of depth > 6 ? [] : list(folder)) {
    const path = join(folder, entry);
    if (!existsSync(join(path, 'cgroup.procs')) && depth > 0) continue;
    if (entry.startsWith('kiln-')) yield `control group ${path}`;
    else if (!entry.includes('.')) yield* groups(path, depth + 1);
  }
}

function* below(folder: string): Generator<string> {
  for (const entry of list(folder)) {
    const path = join(folder, entry);
    yield `file ${path}`;
    yield* below(path);
  }
}

function* temporary(): Generator<string> {
  for (const folder of ['/tmp', '/var/tmp', '/dev/shm']) {
    for (const entry of list(folder)) yield `temporary ${join(folder, entry)}`;
  }
}

/** @param folders whose entries count as well, e.g. a project's .kiln/clusters. */
export function takeInventory(folders: readonly string[] = []): Inventory {
  return new Set([
    ...processes(),
    ...mounts(),
    ...loops(),
    ...groups(),
    ...below('/run/kiln'),
    ...temporary(),
    ...folders.flatMap((folder) => [...below(folder)]),
  ]);
}

export interface LeftoverOptions {
  readonly folders?: readonly string[];
  /**
   * Only lines with one of these words, e.g. the cluster's name and the project's folder: on a machine
   * where others work at the same time. Default: every line.
   */
  readonly about?: readonly string[];
  /** Seconds for the kernel to tidy up (namespaces and loop devices go a moment later). */
  readonly within?: number;
}

/** What is there now and was not before; empty when all was taken away. */
export async function leftovers(
  before: Inventory,
  options: LeftoverOptions = {},
): Promise<readonly string[]> {
  const until = Date.now() + (options.within ?? 5) * 1000;
  for (;;) {
    const now = [...takeInventory(options.folders)].filter((line) => !before.has(line));
    const { about } = options;
    const left = about === undefined ? now : now.filter((line) => about.some((word) => line.includes(word)));
    if (left.length === 0 || Date.now() > until) return left.sort();
    await sleep(200);
  }
}
