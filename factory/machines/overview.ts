import { join } from 'node:path';
import { z } from 'zod';
import { KilnError } from '../errors';
import type { Sandbox } from '../ports/sandbox/sandbox';
import { CONSOLE } from './driver';
import { type Job, listJobs } from './jobs';
import { type ClusterLook, lookAt, type NodeLook, phaseOf } from './look';
import type { Machinery } from './machinery';
import { askMaster, type MasterPage } from './master';
import { applicationPage } from './pages';
import { NodeStatus } from './status';

/** Port of every node's exporter (images/rootfs/usr/lib/kiln/kiln_node/status/exporter.py). */
export const EXPORTER_PORT = 9477;
/** Where the first driver of a machine has its page; each further one a port higher. */
const DRIVER_PORT = 4040;

/** What a node's exporter says at /status.json: its state, and what is measured when it is asked. */
const LiveNode = z.object({
  status: NodeStatus,
  scratch: z
    .object({
      sizeBytes: z.number(),
      usedBytes: z.number(),
      freeBytes: z.number(),
      readOnly: z.boolean(),
    })
    .nullable(),
  clock: z
    .object({ synchronised: z.boolean(), offsetSeconds: z.number(), greatestErrorSeconds: z.number() })
    .nullable(),
});
type LiveNode = z.infer<typeof LiveNode>;

const DriverPage = z.array(z.object({ id: z.string() }));

/** Of `total` so much is `used`. */
interface Use {
  readonly total: number;
  readonly used: number;
}

/** As df has it: what the file system keeps for root is neither used nor free. */
interface ScratchUse extends Use {
  readonly free: number;
}

/** df's Use%, as a part of 1: what is written, of that and what can still be written. */
export const fullness = ({ used, free }: ScratchUse): number =>
  used + free === 0 ? 0 : used / (used + free);

export interface NodeOverview {
  readonly name: string;
  readonly role: string;
  readonly address: string;
  readonly machine: string;
  readonly phase: string;
  /** The image it was started from. */
  readonly image: string;
  readonly console: string;
  /** What the master counts; null for others than registered workers. */
  readonly cores: Use | null;
  readonly memoryMiB: Use | null;
  /** State in the master's list; null where it is not in it. */
  readonly registered: string | null;
  readonly scratchBytes: ScratchUse | null;
  /** Whether its exporter answers. */
  readonly answers: boolean;
  /** What it says of itself; null before it said anything. */
  readonly status: NodeStatus | null;
  readonly live: Pick<LiveNode, 'scratch' | 'clock'> | null;
}

interface Application {
  readonly id: string;
  /** ID of the job it is of; null for one that was not submitted as a job, such as a notebook's. */
  readonly job: string | null;
  readonly name: string;
  readonly user: string;
  readonly state: string;
  readonly cores: number;
  readonly memoryPerExecutorMiB: number | null;
  /** Seconds. */
  readonly runningFor: number;
  /** Its page, as seen from this machine; null where the master's page is not seen from here. */
  readonly page: string | null;
  /** `host:port` of its driver inside the cluster. */
  readonly driver: string | null;
}

export interface Overview {
  readonly cluster: string;
  readonly project: string | null;
  readonly state: ClusterLook['state'];
  readonly pages: Readonly<Record<string, string>>;
  /** Whether the records of its machines cannot be read. */
  readonly damaged: boolean;
  /** What the master says of itself; null while it does not answer. */
  readonly master: string | null;
  readonly nodes: readonly NodeOverview[];
  readonly applications: readonly Application[];
  /**
   * Jobs that run, and those of the last day that did not succeed, oldest first; null where the master's machine
   * cannot be asked.
   */
  readonly jobs: readonly Job[] | null;
  /** The last canary: addresses of workers. */
  readonly canary: NodeStatus['canary'] | null;
}

/** One look at all of a cluster: records here, nodes, master, drivers. What does not answer is left open. */
export async function overview(machinery: Machinery, cluster: string): Promise<Overview> {
  const look = await lookAt(machinery, cluster);
  const page = look.sandbox === undefined ? undefined : await askMaster(machinery, look.paths);
  const [nodes, jobs] = await Promise.all([
    Promise.all(look.nodes.map((node) => nodeOverview(machinery, look.sandbox, node, page))),
    look.sandbox === undefined ? null : jobsOf(machinery, look),
  ]);
  const master = nodes.find(({ role, phase }) => role === 'master' && phase !== 'ended');
  return {
    cluster,
    project: look.record?.project ?? null,
    state: look.state,
    pages: look.pages,
    damaged: look.damaged,
    master: page?.status ?? null,
    nodes,
    applications: await applications(machinery, look, page, jobs ?? []),
    jobs,
    canary: master?.status?.canary ?? null,
  };
}

async function nodeOverview(
  machinery: Machinery,
  sandbox: Sandbox | undefined,
  node: NodeLook,
  page: MasterPage | undefined,
): Promise<NodeOverview> {
  const { machine, alive } = node;
  const { address } = machine.network;
  const answer =
    sandbox === undefined || !alive
      ? undefined
      : await machinery.fetchInside(sandbox, `http://${address}:${String(EXPORTER_PORT)}/status.json`);
  const live = LiveNode.safeParse(answer).data;
  // A worker that came back is in the list twice: as the dead one and as the living.
  const listed = (page?.workers ?? []).filter(({ host }) => host === address);
  const worker = listed.find(({ state }) => state === 'ALIVE') ?? listed.at(-1);
  const status = live?.status ?? node.status;
  return {
    name: machine.name,
    role: machine.node.role,
    address,
    machine: machine.kind,
    phase: phaseOf({ ...node, status }),
    image: machine.image.digest,
    console: join(machine.folder, CONSOLE),
    cores: worker === undefined ? null : { total: worker.cores, used: worker.coresused },
    memoryMiB: worker === undefined ? null : { total: worker.memory, used: worker.memoryused },
    registered: worker?.state ?? null,
    scratchBytes: live?.scratch
      ? { total: live.scratch.sizeBytes, used: live.scratch.usedBytes, free: live.scratch.freeBytes }
      : null,
    answers: live !== undefined,
    status: status ?? null,
    live: live === undefined ? null : { scratch: live.scratch, clock: live.clock },
  };
}

async function jobsOf(machinery: Machinery, { paths }: ClusterLook): Promise<readonly Job[] | null> {
  try {
    const jobs = await listJobs(machinery, paths, { all: true });
    return jobs.filter(({ state }) => state !== 'succeeded');
  } catch (error) {
    if (error instanceof KilnError) return null; // still booting, no way in, or an image that has no jobs
    throw error;
  }
}

/** Which machines drivers run on, of the roles of this cluster. */
const DRIVES: ReadonlySet<string> = new Set(['master', 'notebook', 'driver']);

/** Each driver says at its own page which application it is: which port is whose is found by asking. */
async function applications(
  machinery: Machinery,
  { sandbox, pages, nodes }: ClusterLook,
  page: MasterPage | undefined,
  jobs: readonly Job[],
): Promise<readonly Application[]> {
  if (sandbox === undefined || page === undefined || page.activeapps.length === 0) return [];
  // One that ended may have left a gap.
  const ports = Array.from({ length: page.activeapps.length + 2 }, (_, n) => DRIVER_PORT + n);
  const hosts = nodes.filter(({ alive, machine }) => alive && DRIVES.has(machine.node.role));
  const drivers = new Map<string, string>();
  await Promise.all(
    hosts.flatMap(({ machine }) =>
      ports.map(async (port) => {
        const driver = `${machine.network.address}:${String(port)}`;
        const found = DriverPage.safeParse(
          await machinery.fetchInside(sandbox, `http://${driver}/api/v1/applications`),
        );
        for (const { id } of found.data ?? []) drivers.set(id, driver);
      }),
    ),
  );
  const { master } = pages;
  return page.activeapps.map((app) => ({
    id: app.id,
    job: jobs.find(({ application }) => application === app.id)?.id ?? null,
    name: app.name,
    user: app.user,
    state: app.state,
    cores: app.cores,
    memoryPerExecutorMiB: app.memoryperexecutor ?? null,
    runningFor: Math.max(0, Math.round((machinery.clock.now() - app.starttime) / 1000)),
    page: master === undefined ? null : applicationPage(master, app.id),
    driver: drivers.get(app.id) ?? null,
  }));
}
