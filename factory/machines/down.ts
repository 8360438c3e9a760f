import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KilnError } from '../errors';
import {
  type ClusterPaths,
  clusterPaths,
  forgetMachine,
  readCluster,
  readMachines,
  removeEmpty,
} from './cluster';
import type { Machinery } from './machinery';

interface DownResult {
  readonly cluster: string;
  /** Names of the machines that were ended. */
  readonly removed: readonly string[];
  /** Whether the cluster as a whole is gone: nothing of it is left on this machine. */
  readonly gone: boolean;
}

interface DownInput {
  readonly cluster: string;
  /** Only this group; the cluster goes with its last machine. */
  readonly group?: string;
  /** The project and its state folder. */
  readonly root: string;
  readonly state: string;
  readonly onStep: (line: string) => void;
}

/**
 * Ends a cluster or one of its groups; what is not there is no error.
 * @throws KilnError `cluster-held` when it is another project's, `sandbox-out-of-sight`.
 */
export async function down(machinery: Machinery, input: DownInput): Promise<DownResult> {
  const paths = clusterPaths(input.cluster, input.state, machinery.clusters);
  const result = await machinery.withLock(
    paths.lock,
    `kiln machines down (${input.cluster})`,
    () => downLocked(machinery, paths, input),
    (who) => {
      input.onStep(`waiting: ${who} is at work on ${input.cluster}`);
    },
  );
  if (result.gone) await removeEmpty(dirname(paths.run), 2);
  return result;
}

async function downLocked(machinery: Machinery, paths: ClusterPaths, input: DownInput): Promise<DownResult> {
  const record = await readCluster(paths).catch(() => undefined);
  if (record !== undefined && record.project !== input.root) {
    throw new KilnError({
      code: 'cluster-held',
      what: `the cluster ${input.cluster} on this machine is of the project ${record.project}`,
      hint: `remove it there: cd ${record.project} && kiln machines down --cluster ${input.cluster}`,
    });
  }
  // A record that cannot be read must not stand in the way of removing all.
  const machines = await readMachines(paths).catch((error: unknown) => {
    if (input.group !== undefined) throw error;
    return [];
  });
  const going = machines.filter(({ group }) => input.group === undefined || group === input.group);
  const staying = machines.length - going.length;
  const removed = going.map(({ name }) => name);
  const sandbox = await machinery.sandboxes.find(paths.run);
  if (staying > 0) {
    for (const machine of going) {
      input.onStep(`${machine.name}: removed`);
      if (sandbox !== undefined) await machinery.drivers[machine.kind].stop(machine.name, sandbox);
      await forgetMachine(paths, machine.name);
      await rm(machine.folder, { recursive: true, force: true });
    }
    return { cluster: input.cluster, removed, gone: false };
  }
  await endCluster(machinery, paths);
  for (const name of removed) input.onStep(`${name}: removed`);
  return { cluster: input.cluster, removed, gone: true };
}

/** Everything of a cluster, alive or dead: processes, mounts, networks, control groups, folders. */
export async function endCluster(machinery: Machinery, paths: ClusterPaths): Promise<void> {
  // All at once: whatever is inside ends with its first process, the control groups are then empty.
  const sandbox = await machinery.sandboxes.find(paths.run);
  await sandbox?.end();
  const files = await readdir(paths.run).catch(() => []);
  for (const file of files.filter((name) => name.endsWith('.cgroups'))) {
    await machinery.leaveGroups(join(paths.run, file));
  }
  await machinery.sandboxes.clear(paths.run);
  await rm(paths.state, { recursive: true, force: true });
  await removeEmpty(dirname(paths.state), 1);
}
