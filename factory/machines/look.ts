import type { Sandbox } from '../ports/sandbox/sandbox';
import {
  type ClusterPaths,
  type ClusterRecord,
  clusterNames,
  clusterPaths,
  readCluster,
  readMachines,
} from './cluster';
import type { Machine } from './driver';
import type { Machinery } from './machinery';
import { pagesOf } from './pages';
import type { NodeStatus } from './status';

export interface NodeLook {
  readonly machine: Machine;
  readonly alive: boolean;
  /** What the node last said of itself. */
  readonly status: NodeStatus | undefined;
}

/** What there is of a cluster on this machine, as far as it can be told without asking its nodes. */
export interface ClusterLook {
  readonly paths: ClusterPaths;
  readonly record: ClusterRecord | undefined;
  /** `elsewhere`: its processes are in a PID namespace that cannot be seen from here. */
  readonly state: 'up' | 'dead' | 'elsewhere';
  readonly sandbox: Sandbox | undefined;
  /** Whether the records of its machines cannot be read: another kiln's, or damaged. */
  readonly damaged: boolean;
  readonly nodes: readonly NodeLook[];
  /** Page -> where it is reached on this machine. */
  readonly pages: Readonly<Record<string, string>>;
}

/** Never fails: what is dead or damaged is to be seen too, so that it can be removed. */
export async function lookAt(machinery: Machinery, cluster: string): Promise<ClusterLook> {
  const paths = clusterPaths(cluster, '', machinery.clusters);
  const record = await readCluster(paths).catch(() => undefined);
  const records = await readMachines(paths).catch(() => undefined);
  const machines = records ?? [];
  let state: ClusterLook['state'] = 'dead';
  const sandbox = await machinery.sandboxes.find(paths.run).catch(() => {
    state = 'elsewhere';
    return undefined;
  });
  if (sandbox !== undefined) state = 'up';
  const nodes = await Promise.all(
    machines.map(async (machine): Promise<NodeLook> => {
      const alive = sandbox !== undefined && (await sandbox.alive(machine.name)) !== undefined;
      const status = alive ? await machinery.drivers[machine.kind].status(machine, sandbox) : undefined;
      return { machine, alive, status };
    }),
  );
  // Who listens there is gone with the sandbox.
  const pages = pagesOf((state === 'up' ? record?.publish : undefined) ?? {});
  return {
    paths,
    record,
    state,
    sandbox,
    damaged: records === undefined,
    nodes,
    pages,
  };
}

/** Every cluster of this machine, whichever project it is of. */
export async function lookAtAll(machinery: Machinery): Promise<readonly ClusterLook[]> {
  const names = await clusterNames(machinery.clusters);
  return Promise.all(names.map((name) => lookAt(machinery, name)));
}

/** `ended`, `booting`, or what the node says. */
export const phaseOf = ({ alive, status }: NodeLook): string =>
  alive ? (status?.phase ?? 'booting') : 'ended';
