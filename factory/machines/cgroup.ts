/*
 * Each container gets a control group of its own below the one we are in: systemd inside takes the
 * group it starts in for its root, so two containers in one group would fight over the same names.
 */

/** A control group to make: folders in one or more hierarchies, and limits. */
export interface CgroupPlan {
  /** Folders to make and to enter. */
  readonly folders: readonly string[];
  /** File -> value; a limit that this machine does not offer is left out. */
  readonly limits: readonly { readonly file: string; readonly value: string }[];
}

interface Hierarchy {
  /** Folder of our own group. */
  readonly own: string;
  /** `cgroup2`, or the v1 controllers and names. */
  readonly kinds: readonly string[];
}

/** Hierarchies mounted here, from /proc/self/mountinfo and /proc/self/cgroup (proc(5), cgroups(7)). */
export function hierarchies(mountinfo: string, cgroup: string): readonly Hierarchy[] {
  const own = new Map<string, string>();
  for (const line of cgroup.trim().split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    for (const kind of controllers === '' ? ['cgroup2'] : controllers.split(',')) own.set(kind, path);
  }
  const found: Hierarchy[] = [];
  for (const line of mountinfo.trim().split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root = '', target = ''] = left.split(' ');
    const [type, , options = ''] = right.split(' ');
    if (type !== 'cgroup' && type !== 'cgroup2') continue;
    const kinds = type === 'cgroup2' ? ['cgroup2'] : options.split(',').filter((option) => own.has(option));
    const path = own.get(kinds[0] ?? '');
    if (path === undefined) continue;
    // Inside a container the mount may show only a part of the hierarchy.
    const below = root === '/' ? path : path.startsWith(root) ? path.slice(root.length) : '/';
    found.push({ own: `${target}${below === '/' ? '' : below}`, kinds });
  }
  return found;
}

/**
 * The group `name` below our own, limited to memory and processor time where v1 controllers are
 * mounted. (With version 2 alone, controllers are the parent's to give: no limit then.)
 * @param name may have several levels: `cluster/machine`.
 */
export function planCgroup(
  found: readonly Hierarchy[],
  name: string,
  limits: { readonly cpus: number; readonly memoryMiB: number },
): CgroupPlan {
  const at = (kind: string): string | undefined => {
    const hierarchy = found.find(({ kinds }) => kinds.includes(kind));
    return hierarchy === undefined ? undefined : `${hierarchy.own}/${name}`;
  };
  const memory = at('memory');
  const cpu = at('cpu');
  const folders = ['cgroup2', 'name=systemd', 'memory', 'cpu'].map(at).filter((path) => path !== undefined);
  return {
    folders: [...new Set(folders)],
    limits: [
      ...(memory === undefined
        ? []
        : [{ file: `${memory}/memory.limit_in_bytes`, value: String(limits.memoryMiB * 1024 * 1024) }]),
      ...(cpu === undefined
        ? []
        : [{ file: `${cpu}/cpu.cfs_quota_us`, value: String(limits.cpus * 100_000) }]),
    ],
  };
}
