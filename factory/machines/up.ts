import { mkdir, rm } from 'node:fs/promises';
import type { LaunchGroup } from '../contracts/launch';
import { KilnError } from '../errors';
import type { Sandbox } from '../ports/sandbox/sandbox';
import {
  type ClusterPaths,
  type ClusterRecord,
  clusterPaths,
  forgetMachine,
  readCluster,
  readMachines,
  writeCluster,
  writeMachine,
} from './cluster';
import { credentialsDigest, placeCredentials, readCredentials } from './credentials';
import { endCluster } from './down';
import type { MachineImage, MachineKind } from './driver';
import type { Machinery } from './machinery';
import { BRIDGE, forwardOut, makeBridge, publish } from './network';
import { PAGES, pagesOf } from './pages';
import { parseGateway, planChange, planMachines } from './plan';

interface UpInput {
  readonly root: string;
  /** The project's state folder, absolute. */
  readonly state: string;
  readonly image: MachineImage;
  readonly onStep: (line: string) => void;
}

export interface UpResult {
  readonly cluster: string;
  readonly group: string;
  readonly machine: MachineKind;
  readonly machines: readonly {
    readonly name: string;
    readonly address: string;
    readonly console: string;
    readonly done: 'kept' | 'started';
  }[];
  readonly removed: readonly string[];
  /** The group's pages on this machine; empty for workers. */
  readonly pages: Readonly<Record<string, string>>;
}

/**
 * Makes exactly the machines of a group run: what runs as specified stays, the rest is replaced.
 * Returns when they are started; `wait` tells when they are ready.
 * @throws KilnError `launch-invalid`, `credential-missing`, `address-in-use`, `cluster-held`,
 *   `sandbox-out-of-sight`, `port-in-use`, `not-root`.
 */
export async function up(machinery: Machinery, group: LaunchGroup, input: UpInput): Promise<UpResult> {
  const kind = await chooseKind(machinery, group, input.onStep);
  const paths = clusterPaths(group.cluster, input.state, machinery.clusters);
  const values = await readCredentials(input.root, group);
  const planned = planMachines(group, {
    kind,
    image: input.image,
    folder: paths.state,
    credentialsDigest: credentialsDigest(values),
  });
  return machinery.withLock(
    paths.lock,
    `kiln machines up (${group.cluster}, ${group.group})`,
    async () => {
      const sandbox = await openSandbox(machinery, paths, input);
      const record = await joinCluster(paths, group, input);
      await makeBridge(sandbox, record.gateway);
      const gateway = parseGateway(record.gateway)?.gateway ?? record.gateway;
      for (const [port, target] of Object.entries(record.forward)) {
        await forwardOut(sandbox, gateway, port, target);
      }
      const known = await readMachines(paths);
      const running = await Promise.all(
        known.map(async (machine) => ({ machine, alive: (await sandbox.alive(machine.name)) !== undefined })),
      );
      const change = planChange(planned, running, group.group);
      const kinds = new Map(known.map(({ name, kind: was }) => [name, was]));
      const stop = async (name: string): Promise<void> => {
        await machinery.drivers[kinds.get(name) ?? kind].stop(name, sandbox);
      };
      for (const name of change.remove) {
        input.onStep(`${name}: removed`);
        await stop(name);
        await forgetMachine(paths, name);
      }
      const credentials = await placeCredentials(sandbox, values);
      for (const { machine, reason } of change.start) {
        input.onStep(`${machine.name}: starting (${reason}), ${machine.network.address}`);
        await stop(machine.name);
        await rm(machine.folder, { recursive: true, force: true });
        await mkdir(machine.folder, { recursive: true, mode: 0o700 });
        await writeMachine(paths, machine);
        await machinery.drivers[kind].start(machine, { sandbox, bridge: BRIDGE, credentials });
      }
      for (const { name } of change.keep) input.onStep(`${name}: runs as it should`);
      const pages = await publishPages(machinery, paths, record, sandbox, group);
      const started = new Set(change.start.map(({ machine }) => machine.name));
      return {
        cluster: group.cluster,
        group: group.group,
        machine: kind,
        machines: planned.map(({ name, network, folder }) => ({
          name,
          address: network.address,
          console: `${folder}/console.log`,
          done: started.has(name) ? ('started' as const) : ('kept' as const),
        })),
        removed: change.remove,
        pages,
      };
    },
    (who) => {
      input.onStep(`waiting: ${who} is at work on ${group.cluster}`);
    },
  );
}

async function chooseKind(
  machinery: Machinery,
  group: LaunchGroup,
  onStep: (line: string) => void,
): Promise<MachineKind> {
  if (group.machine !== 'auto') return group.machine;
  const { accelerator, reason } = await machinery.acceleration();
  const kind = accelerator === 'kvm' ? 'qemu' : 'nspawn';
  onStep(`machine: auto is ${kind}: ${reason}`);
  return kind;
}

/** The cluster's sandbox; a new one where none lives, after what a dead one left is removed. */
async function openSandbox(machinery: Machinery, paths: ClusterPaths, input: UpInput): Promise<Sandbox> {
  const found = await machinery.sandboxes.find(paths.run);
  if (found !== undefined) {
    const record = await readCluster(paths);
    if (record !== undefined && record.project !== input.root) {
      throw new KilnError({
        code: 'cluster-held',
        what: `there is a cluster ${paths.cluster} on this machine already, of the project ${record.project}`,
        hint: `remove it there: cd ${record.project} && kiln machines down --cluster ${paths.cluster}; or choose another name`,
      });
    }
    return found;
  }
  await endCluster(machinery, paths);
  return machinery.sandboxes.start({ dir: paths.run, name: `kiln-cluster-${paths.cluster}`, net: true });
}

/** The cluster's record with the group's forwards in it. */
async function joinCluster(paths: ClusterPaths, group: LaunchGroup, input: UpInput): Promise<ClusterRecord> {
  const before = await readCluster(paths);
  const { gateway, forward } = group.network;
  const faults = Object.entries(forward)
    .filter(([port, target]) => (before?.forward[port] ?? target) !== target)
    .map(([port, target]) => ({
      where: `network.forward.${port}`,
      what: `is ${target}; in the running cluster it is ${before?.forward[port] ?? ''}`,
    }));
  if (before !== undefined && before.gateway !== gateway) {
    faults.push({
      where: 'network.gateway',
      what: `is ${gateway}; in the running cluster it is ${before.gateway}`,
    });
  }
  if (faults.length > 0) {
    throw new KilnError({
      code: 'cluster-differs',
      what: `the group ${group.group} does not fit the cluster ${group.cluster} that runs`,
      hint: `give all groups the same network, or remove the cluster: kiln machines down --cluster ${group.cluster}`,
      faults,
    });
  }
  const record: ClusterRecord = {
    version: 1,
    cluster: group.cluster,
    project: input.root,
    state: input.state,
    gateway,
    forward: { ...before?.forward, ...forward },
    publish: before?.publish ?? {},
  };
  await writeCluster(paths, record);
  return record;
}

async function publishPages(
  machinery: Machinery,
  paths: ClusterPaths,
  record: ClusterRecord,
  sandbox: Sandbox,
  group: LaunchGroup,
): Promise<Record<string, string>> {
  const own: Record<string, number> = {};
  for (const { page, port } of PAGES.filter(({ role }) => role === group.node.role)) {
    const local = record.publish[port] ?? (await machinery.freePort());
    await publish(sandbox, { page, address: group.network.first, port, local });
    own[port] = local;
  }
  if (Object.keys(own).length > 0)
    await writeCluster(paths, { ...record, publish: { ...record.publish, ...own } });
  return pagesOf(own);
}
