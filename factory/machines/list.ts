import { join } from 'node:path';
import { clusterNames, clusterPaths, readCluster, readMachines } from './cluster';
import { CONSOLE } from './driver';
import type { Machinery } from './machinery';

interface ListedNode {
  readonly name: string;
  readonly role: string;
  readonly address: string;
  readonly machine: string;
  /** `ended`, `booting`, or what the node says. */
  readonly phase: string;
  /** The image it was started from. */
  readonly image: string;
  /** The image that it says it runs; null until it says. */
  readonly reported: string | null;
  readonly console: string;
}

interface ListedCluster {
  readonly cluster: string;
  readonly project: string | null;
  /** `elsewhere`: its processes are in a PID namespace that cannot be seen from here. */
  readonly state: 'up' | 'dead' | 'elsewhere';
  readonly pages: Readonly<Record<string, string>>;
  readonly nodes: readonly ListedNode[];
}

const PAGE_NAMES: Readonly<Record<string, string>> = { '8080': 'master', '4040': 'job' };

async function listOne(machinery: Machinery, cluster: string): Promise<ListedCluster> {
  const paths = clusterPaths(cluster, '', machinery.clusters);
  const record = await readCluster(paths).catch(() => undefined);
  const machines = await readMachines(paths).catch(() => []);
  let state: ListedCluster['state'] = 'dead';
  const holder = await machinery.holders.find(paths.run).catch(() => {
    state = 'elsewhere';
    return undefined;
  });
  if (holder !== undefined) state = 'up';
  const nodes = await Promise.all(
    machines.map(async (machine): Promise<ListedNode> => {
      const alive = holder !== undefined && (await holder.alive(machine.name)) !== undefined;
      const status = alive ? await machinery.drivers[machine.kind].status(machine, holder) : undefined;
      return {
        name: machine.name,
        role: machine.node.role,
        address: machine.network.address,
        machine: machine.kind,
        phase: alive ? (status?.phase ?? 'booting') : 'ended',
        image: machine.image.digest,
        reported: status?.image?.digest ?? null,
        console: join(machine.folder, CONSOLE),
      };
    }),
  );
  // Who listens there is gone with the holder.
  const pages = Object.entries((state === 'up' ? record?.publish : undefined) ?? {}).map(
    ([port, local]) => [PAGE_NAMES[port] ?? port, `http://127.0.0.1:${String(local)}`] as const,
  );
  return { cluster, project: record?.project ?? null, state, pages: Object.fromEntries(pages), nodes };
}

/** Every cluster of this machine, whichever project it is of; dead ones too, so that they can be removed. */
export async function listClusters(machinery: Machinery): Promise<readonly ListedCluster[]> {
  const names = await clusterNames(machinery.clusters);
  return Promise.all(names.map((name) => listOne(machinery, name)));
}
