import table from './local-disks.json';

/** Model name that every instance store volume of EC2 has, and no other disk. */
export const INSTANCE_STORE_MODEL = 'Amazon EC2 NVMe Instance Storage';

type Disks = readonly [count: number, gigabytes: number];
const DISKS = table.disks as unknown as Readonly<Record<string, Readonly<Record<string, Disks>>>>;

/** Number of local NVMe disks of an instance type; undefined: it has none, or cannot boot the image. */
export function localDisks(type: string): number | undefined {
  const [family = '', size = ''] = type.split(/\.(.*)/s);
  return DISKS[family]?.[size]?.[0];
}

export interface DiskCount {
  /** Of each machine; 1 where there are faults. */
  readonly disks: number;
  readonly faults: readonly string[];
}

/**
 * How many disks each machine of a group has. Its types must agree: node.json says one number, and a
 * node with fewer disks than it says stops instead of working on a short array.
 */
export function disksOf(types: readonly string[], where: string): DiskCount {
  if (types.length === 0) return { disks: 1, faults: [`${where}: name at least one instance type`] };
  const found = types.map((type) => ({ type, disks: localDisks(type) }));
  const unknown = found.filter(({ disks }) => disks === undefined);
  if (unknown.length > 0) {
    return {
      disks: 1,
      faults: unknown.map(
        ({ type }) =>
          `${where}: ${type} has no local NVMe SSD that scratch could be made of, or does not boot x86_64 by UEFI; ` +
          `modules/aws/local-disks.json lists what does, e.g. m6id.2xlarge`,
      ),
    };
  }
  const counts = [...new Set(found.map(({ disks }) => disks))];
  if (counts.length > 1) {
    const each = found.map(({ type, disks }) => `${type} ${String(disks)}`).join(', ');
    return {
      disks: 1,
      faults: [`${where}: types with unlike numbers of local disks cannot be mixed in one group: ${each}`],
    };
  }
  return { disks: counts[0] ?? 1, faults: [] };
}
