import { mkdir, readFile, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { Name } from '../contracts/digest';
import { NodeConfig } from '../contracts/node';
import { KilnError } from '../errors';
import type { Machine } from './driver';

/**
 * Where a cluster of this machine keeps what. /run holds what is gone after a reboot anyway; secrets
 * live inside the sandbox only, whose /run is memory-backed.
 */
export interface ClusterPaths {
  readonly cluster: string;
  /** The sandbox's folder, with the records below; mode 0700. */
  readonly run: string;
  /** Lock of whoever changes the cluster. */
  readonly lock: string;
  /** Console logs, upper layers, scratch, disk images: on disk, in the project's state. */
  readonly state: string;
}

/** Folder of all clusters of this machine, whichever project they belong to. */
export const CLUSTERS = '/run/kiln/clusters';

export function clusterPaths(cluster: string, projectState: string, clusters = CLUSTERS): ClusterPaths {
  return {
    cluster,
    run: join(clusters, cluster),
    lock: join(clusters, `${cluster}.lock`),
    state: join(projectState, 'clusters', cluster),
  };
}

/** Inside the sandbox: values of credentials. */
export const SECRETS = '/run/kiln-secrets';

/** cluster.json: whose it is, and what of it can be reached from outside. */
const ClusterRecord = z.strictObject({
  version: z.literal(1),
  cluster: z.string(),
  /** Folder of the project it was started from. */
  project: z.string(),
  state: z.string(),
  gateway: z.string(),
  /** Port at the gateway -> `host:port` on this machine's loopback. */
  forward: z.record(z.string(), z.string()),
  /** What people reach from this machine: port of the master -> port on 127.0.0.1. */
  publish: z.record(z.string(), z.int()),
});
export type ClusterRecord = z.infer<typeof ClusterRecord>;

const MachineRecord = z.strictObject({
  cluster: z.string(),
  group: z.string(),
  name: z.string(),
  kind: z.enum(['nspawn', 'qemu']),
  image: z.strictObject({
    digest: z.string(),
    raw: z.string(),
    manifest: z.string(),
    root: z.strictObject({ start: z.int(), size: z.int() }),
  }),
  network: z.strictObject({
    address: z.string(),
    prefix: z.int(),
    gateway: z.string(),
    mac: z.string(),
  }),
  node: NodeConfig,
  seed: z.strictObject({ 'meta-data': z.string(), 'user-data': z.string(), 'network-config': z.string() }),
  cpus: z.int(),
  memoryMiB: z.int(),
  disks: z.strictObject({ count: z.int(), sizeMiB: z.int() }),
  folder: z.string(),
  fingerprint: z.string(),
}) satisfies z.ZodType<Machine>;

const recordFile = (paths: ClusterPaths): string => join(paths.run, 'cluster.json');
const machinesFolder = (paths: ClusterPaths): string => join(paths.run, 'machines');
const machineFile = (paths: ClusterPaths, name: string): string =>
  join(machinesFolder(paths), `${name}.json`);

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse<T>(schema: z.ZodType<T>, text: string, where: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new KilnError({
    code: 'cluster-damaged',
    what: `${where} was written by another kiln, or is damaged`,
    hint: 'kiln machines down --cluster NAME removes the cluster as a whole',
  });
}

async function replace(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

export async function readCluster(paths: ClusterPaths): Promise<ClusterRecord | undefined> {
  const text = await readIfThere(recordFile(paths));
  return text === undefined ? undefined : parse(ClusterRecord, text, recordFile(paths));
}

export async function writeCluster(paths: ClusterPaths, record: ClusterRecord): Promise<void> {
  await replace(recordFile(paths), record);
}

/** Machines that were started and not removed, by name. */
export async function readMachines(paths: ClusterPaths): Promise<readonly Machine[]> {
  const names = await readdir(machinesFolder(paths)).catch(() => []);
  const files = names
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(machinesFolder(paths), name));
  const machines = await Promise.all(
    files.map(async (file) => {
      const text = await readIfThere(file);
      return text === undefined ? [] : [parse(MachineRecord, text, file)];
    }),
  );
  return machines.flat().sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}

/** Written before the machine is started: whatever runs has a record. */
export async function writeMachine(paths: ClusterPaths, machine: Machine): Promise<void> {
  await replace(machineFile(paths, machine.name), machine);
}

export async function forgetMachine(paths: ClusterPaths, name: string): Promise<void> {
  await rm(machineFile(paths, name), { force: true });
}

/** Names of the clusters that this machine has, dead ones included, sorted. */
export async function clusterNames(clusters = CLUSTERS): Promise<readonly string[]> {
  const entries = await readdir(clusters, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** Removes a folder and those above it, as long as they are empty; up to and with /run/kiln. */
export async function removeEmpty(folder: string, levels: number): Promise<void> {
  let path = folder;
  for (let level = 0; level < levels; level += 1) {
    try {
      await rmdir(path);
    } catch {
      return; // in use by another cluster, or gone
    }
    path = dirname(path);
  }
}

export const noCluster = (cluster: string): KilnError =>
  new KilnError({
    code: 'no-cluster',
    what: `no cluster ${cluster} runs on this machine`,
    hint: 'kiln clusters lists those that do; cdktf deploy local starts one',
    exitCode: 1,
  });

/** A cluster's name from the command line: it becomes part of paths. */
export function clusterName(text: string): string {
  const parsed = Name.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new KilnError({
    code: 'cluster-name',
    what: `${text} is no cluster's name: ${parsed.error.issues.map(({ message }) => message).join('; ')}`,
    hint: 'kiln clusters lists those that run',
    exitCode: 2,
  });
}
