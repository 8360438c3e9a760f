import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What a demo could leave behind on this machine. */
export interface Traces {
  /** `pid program` of every process in the demo's own PID namespace. */
  readonly processes: readonly string[];
  readonly mounts: readonly string[];
  /** Files of this project or the cache that a loop device shows. */
  readonly loops: readonly string[];
  /** Names of network interfaces. */
  readonly interfaces: readonly string[];
  /** Control groups of clusters. */
  readonly cgroups: readonly string[];
  /** Clusters, store and temporary files. */
  readonly files: readonly string[];
}

const lines = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
/** What is in a folder; nothing when it is none. */
function entries(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function processName(pid: string): string | undefined {
  try {
    const stat = readFileSync(join('/proc', pid, 'stat'), 'utf8');
    // A zombie holds nothing and goes with the demo itself.
    return stat.slice(stat.lastIndexOf(')') + 2)[0] === 'Z'
      ? undefined
      : stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
  } catch {
    return undefined;
  }
}

/**
 * @param folders those whose loop devices count: the project and the cache.
 * @param transient folders that shall be empty or gone.
 */
export function lookForTraces(folders: readonly string[], transient: readonly string[]): Traces {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return {
    processes: pids.flatMap((pid) => {
      const name = processName(pid);
      return name === undefined ? [] : [`${pid} ${name}`];
    }),
    mounts: lines('/proc/self/mounts').map((line) => line.split(' ').slice(0, 3).join(' ')),
    loops: readdirSync('/sys/block')
      .filter((name) => name.startsWith('loop'))
      .flatMap((name) => lines(join('/sys/block', name, 'loop', 'backing_file')))
      .filter((file) => folders.some((folder) => file.startsWith(`${folder}/`))),
    interfaces: readdirSync('/sys/class/net'),
    cgroups: ['/sys/fs/cgroup', ...entries('/sys/fs/cgroup')].flatMap((folder) =>
      entries(folder).filter((path) => basename(path).startsWith('kiln-')),
    ),
    files: transient.flatMap(entries),
  };
}

/** What is there after and was not before, each as `kind: what`. */
export function newTraces(before: Traces, after: Traces): string[] {
  return (Object.keys(after) as (keyof Traces)[]).flatMap((kind) => {
    const known = new Set(before[kind]);
    return after[kind].filter((trace) => !known.has(trace)).map((trace) => `${kind}: ${trace}`);
  });
}
