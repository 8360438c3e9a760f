import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { NodeConfig } from '../../../factory/contracts/node';
import { defined } from '../../../factory/defined';
import { CLUSTERS } from '../../../factory/machines/cluster';
import { freePort } from '../../../factory/machines/network';
import type { RunResult } from '../../../factory/ports/machine/exec';
import { hostExec } from '../../../factory/ports/machine/exec-host';
import type { Sandbox } from '../../../factory/ports/sandbox/sandbox';
import { hostSandboxes } from '../../../factory/ports/sandbox/sandbox-host';
import { type BakedImage, placeImage } from '../image';
import { FIRST_WORKER, launchFile, MASTER, projectStore, storeCredentials } from '../launch';

const HOME = resolve(__dirname, '../../..');
export const NAME = 'spark';
export const HISTORY = '10.213.0.11';
export const NOTEBOOK = '10.213.0.12';
const WAREHOUSE = 's3a://flights/warehouse';
/** Where EC2's metadata answers; in a test, at the gateway. */
export const METADATA = '169.254.169.254';

const MasterPage = z.object({
  status: z.string(),
  workers: z.array(
    z.object({
      host: z.string(),
      state: z.string(),
      cores: z.number(),
      coresused: z.number(),
      memoryused: z.number(),
    }),
  ),
  activeapps: z.array(z.object({ name: z.string() })),
  completedapps: z.array(z.object({ name: z.string(), state: z.string() })),
});

const Status = z.looseObject({
  phase: z.string(),
  fault: z.object({ unit: z.string(), what: z.string(), hint: z.string() }).nullable(),
  leaving: z.object({ because: z.string(), how: z.string().nullable() }).nullable(),
  sizing: z.unknown(),
  metadata: z.string().nullable(),
  canary: z.object({ table: z.string() }).nullable(),
});

interface Roles {
  /** Of the cluster; default: NAME. */
  readonly name?: string;
  readonly workers: number;
  /** What each worker offers; default: one core and 1024 MiB. */
  readonly worker?: NonNullable<NodeConfig['spark']['worker']>;
  /** Cores of an executor; default: all of its worker's. */
  readonly executorCores?: number;
  /** When a notebook's executors go; default: the node's own. */
  readonly notebook?: NodeConfig['spark']['notebook'];
  /** Beside master and workers; default: a history server and a notebook. */
  readonly others?: Partial<Record<'history' | 'notebook', string>>;
}

/** One cluster, by default with every role, and the object store that its event logs go to. */
export class Cluster {
  private constructor(
    readonly name: string,
    readonly project: string,
  ) {}

  static async start({ folder, record }: BakedImage, roles: Roles): Promise<Cluster> {
    const {
      name = NAME,
      workers,
      worker,
      executorCores,
      notebook,
      others = { history: HISTORY, notebook: NOTEBOOK },
    } = roles;
    const project = mkdtempSync(join(tmpdir(), `kiln-${name}-`));
    const cluster = new Cluster(name, project);
    copyFileSync(join(HOME, 'factory.yaml'), join(project, 'factory.yaml'));
    placeImage(project, { folder, record });
    const port = await freePort();
    await cluster.kiln(['store', 'up', '--port', String(port)]);
    const up = async (role: NodeConfig['role'], count: number, first: string): Promise<void> => {
      const file = launchFile(
        project,
        { folder, record },
        {
          cluster: name,
          role,
          count,
          first,
          store: port,
          stores: [projectStore('local', 'flights')],
          secrets: role === 'notebook' ? { notebook: { credential: 'notebook-token' } } : {},
          credentials: { ...storeCredentials(), 'notebook-token': { generate: 'cluster' } },
          spark: {
            conf: {
              'spark.eventLog.enabled': 'true',
              'spark.eventLog.dir': 's3a://flights/spark-events',
              'spark.eventLog.rolling.enabled': 'true',
              'spark.eventLog.compress': 'true',
            },
            ...defined({ worker, executorCores }),
            warehouse: WAREHOUSE,
            ...defined({ notebook }),
            leastFreeMiB: 64,
            leave: { notice: 'ec2', seconds: 60 },
          },
        },
      );
      await cluster.kiln(['machines', 'up', '--spec', file]);
    };
    await up('master', 1, MASTER);
    await up('worker', workers, FIRST_WORKER);
    for (const role of ['history', 'notebook'] as const)
      if (others[role] !== undefined) await up(role, 1, others[role]);
    await cluster.kiln([
      ...['machines', 'wait', '--cluster', name, '--workers', String(workers), '--timeout', '600'],
    ]);
    return cluster;
  }

  async end(): Promise<void> {
    await this.kiln(['machines', 'down', '--cluster', this.name], [0, 1, 3]);
    await this.kiln(['store', 'down'], [0, 1, 3]);
    rmSync(this.project, { recursive: true, force: true });
  }

  kiln(args: readonly string[], accept = [0], onLine?: (line: string) => void): Promise<RunResult> {
    return hostExec.run(join(HOME, 'bin/kiln'), args, {
      cwd: this.project,
      accept,
      ...defined({ onLine }),
    });
  }

  /** Runs a command as root in a machine, such as `worker-1`. */
  in(machine: string, command: readonly string[], accept = [0]): Promise<RunResult> {
    return this.kiln(
      ['machines', 'exec', '--cluster', this.name, '--machine', this.machine(machine), '--', ...command],
      accept,
    );
  }

  machine(machine: string): string {
    return `${this.name}-${machine.includes('-') ? machine : `${machine}-1`}`;
  }

  /** A machine's /scratch as seen from here. */
  scratch(machine: string): string {
    return join(this.project, '.kiln/clusters', this.name, this.machine(machine), 'scratch');
  }

  async status(machine: string): Promise<z.infer<typeof Status>> {
    const { stdout } = await this.in(machine, ['kiln-status', '--json'], [0, 1]);
    return Status.parse(JSON.parse(stdout));
  }

  /** A page of one of Spark's daemons, fetched inside the cluster. */
  async page(address: string): Promise<string> {
    const { stdout } = await (await this.sandbox()).run('curl', ['-sS', '--max-time', '20', address]);
    return stdout;
  }

  async master(): Promise<z.infer<typeof MasterPage>> {
    return MasterPage.parse(JSON.parse(await this.page(`http://${MASTER}:8080/json/`)));
  }

  /** Addresses of the workers that the master counts as alive. */
  async alive(): Promise<readonly string[]> {
    const { workers } = await this.master();
    return workers.filter(({ state }) => state === 'ALIVE').map(({ host }) => host);
  }

  async sandbox(): Promise<Sandbox> {
    const found = await hostSandboxes(hostExec).find(join(CLUSTERS, this.name));
    if (found === undefined) throw new Error('the cluster has ended');
    return found;
  }

  /** EC2's metadata as the machines of this cluster see it. @returns its log. */
  async metadata(told: string): Promise<string> {
    const sandbox = await this.sandbox();
    await sandbox.run('ip', ['address', 'add', `${METADATA}/32`, 'dev', 'kiln0']);
    const log = join(this.project, 'imds.log');
    await sandbox.spawn('imds', 'python3', [join(__dirname, 'imds.py'), METADATA, told], { log });
    return log;
  }
}
