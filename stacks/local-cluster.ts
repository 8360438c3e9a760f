import { NullProvider } from '@cdktf/provider-null/lib/provider';
import { Resource } from '@cdktf/provider-null/lib/resource';
import { TerraformOutput, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import type { LaunchGroup } from '../factory/contracts/launch';
import type { NodeConfig, ScratchPolicy } from '../factory/contracts/node';
import { defined } from '../factory/defined';
import type { ResolvedImage } from '../factory/registry/read';
import type { GoldenImage } from '../modules/golden-image';
import { localBackend } from '../modules/local-backend';
import { LocalMachines, kilnHere } from '../modules/local-machines';
import { LOCAL_NETWORK, addressAfter } from '../modules/local-network';
import { localStore } from '../modules/local-store';
import type { LocalStore } from '../modules/local-store';
import type { NodeDocument } from '../modules/node-document';
import { projectOf } from '../modules/project';
import { SparkCluster } from '../modules/spark-cluster';
import { stackImage } from '../modules/stack-image';

export interface LocalClusterProps {
  readonly image: GoldenImage;
  /** @default 2 */
  readonly workers?: number;
  /** `auto`: QEMU where KVM really works, else systemd-nspawn. @default 'auto' */
  readonly machine?: LaunchGroup['machine'];
  /** What one worker offers to jobs. @default 1 core, 2048 MiB: three machines share one host */
  readonly worker?: { readonly cores: number; readonly memoryMiB: number };
  /** Cores of one executor. @default all that a worker offers */
  readonly executorCores?: number;
  /** A machine that shows what jobs have logged. @default false */
  readonly history?: boolean;
  /** A machine with JupyterLab and a PySpark kernel on this cluster. @default false */
  readonly notebook?: boolean;
  /** Seconds after which a notebook's executors go. @default 120 without work, 1800 with cached or shuffled data */
  readonly notebookIdle?: NodeConfig['spark']['notebook'];
  /** @default what `kiln store up` starts, bucket flights */
  readonly store?: LocalStore;
  /**
   * `s3a://bucket/path` that tables are written to; false: none, and whoever writes a table is refused.
   * @default the folder warehouse of the store's bucket
   */
  readonly warehouse?: string | false;
  /** Overrides of spark-defaults. @default none */
  readonly conf?: Readonly<Record<string, string>>;
}

/** Reserved for QEMU's emulated scratch disks: no other disk has a serial that begins so. */
const SCRATCH_SERIAL = 'kiln-scratch';
const SCRATCH_DISKS = { count: 2, sizeMiB: 4096 };
const QEMU_SCRATCH: ScratchPolicy = {
  kind: 'disks',
  select: { serialPrefix: SCRATCH_SERIAL },
  disks: SCRATCH_DISKS.count,
  deadline: 60,
  missing: 'fail',
};
const NSPAWN_SCRATCH: ScratchPolicy = { kind: 'directory' };

/** Name of the credential that JupyterLab asks for. */
const NOTEBOOK_TOKEN = 'notebook-token';

const GATEWAY = `${LOCAL_NETWORK.gateway}/${LOCAL_NETWORK.prefix}`;

/** What a machine has beside what its worker offers: the operating system, the daemon, Python. */
const OVERHEAD_MIB = 1024;

type Group = LaunchGroup['group'];
/** The properties with their defaults. */
type Wanted = LocalClusterProps & Required<Pick<LocalClusterProps, 'workers' | 'worker' | 'store'>>;
/** What every machine of the cluster is launched with. */
type Common = Omit<LaunchGroup, 'group' | 'count' | 'network' | 'node' | 'cpus' | 'memoryMiB'>;

/** One master and some workers on this machine, from the same image as anywhere else. */
export class LocalClusterStack extends TerraformStack {
  constructor(scope: Construct, id: string, props: LocalClusterProps) {
    super(scope, id);
    const { workers = 2, store = localStore(), worker = { cores: 1, memoryMiB: 2048 } } = props;
    const wanted = { ...props, workers, store, worker };
    const image = stackImage(this, props.image);
    localBackend(this);
    new NullProvider(this, 'null');
    const cluster = this.cluster(image, wanted);
    const machines = this.machines(cluster, this.common(image, wanted), wanted);
    this.untilReady(machines, workers);
    this.outputs(image, cluster, wanted);
  }

  private cluster(image: ResolvedImage, wanted: Wanted): SparkCluster {
    const { machine, store, worker, executorCores, notebookIdle, warehouse, conf } = wanted;
    const scratch = machine === 'qemu' ? QEMU_SCRATCH : NSPAWN_SCRATCH;
    return new SparkCluster(this, 'spark', {
      cluster: this.node.id,
      image,
      masterHost: LOCAL_NETWORK.master,
      stores: [store.store],
      secret: { credential: 'spark-secret' },
      scratch: { master: scratch, worker: scratch },
      worker,
      eventLog: `s3a://${store.bucket}/spark-events`,
      ...(wanted.notebook === true ? { notebookToken: { credential: NOTEBOOK_TOKEN } } : {}),
      ...defined({ executorCores, notebookIdle, warehouse, conf }),
    });
  }

  private common(image: ResolvedImage, { store, machine = 'auto' }: Wanted): Common {
    return {
      version: 1,
      cluster: this.node.id,
      machine,
      image: { digest: image.digest, contentId: image.record.contentId },
      registry: projectOf(this).registryPath,
      scratch: { qemu: QEMU_SCRATCH, nspawn: NSPAWN_SCRATCH },
      credentials: { ...store.credentials, 'spark-secret': { generate: 'cluster' } },
      disks: SCRATCH_DISKS,
    };
  }

  /** The master, then the workers and the machines beside them, by group. */
  private machines(
    cluster: SparkCluster,
    common: Common,
    { store, workers, worker, history }: Wanted,
  ): Map<Group, LocalMachines> {
    const found = new Map<Group, LocalMachines>();
    const launch = (group: Group, first: string, node: NodeDocument, more: Partial<LaunchGroup>): void => {
      const network = { gateway: GATEWAY, first, forward: store.forward };
      const machines = new LocalMachines(this, group, {
        launch: {
          ...common,
          group,
          count: 1,
          network,
          node: node.document,
          cpus: 1,
          memoryMiB: 2048 + OVERHEAD_MIB,
          ...more,
        },
        ...defined({ after: found.get('master') }),
      });
      found.set(group, machines);
    };
    launch('master', LOCAL_NETWORK.master, cluster.master, { memoryMiB: 1024 + OVERHEAD_MIB });
    launch('workers', LOCAL_NETWORK.workers, cluster.worker, {
      count: workers,
      cpus: worker.cores,
      memoryMiB: worker.memoryMiB + OVERHEAD_MIB,
    });
    if (history === true && cluster.history !== undefined)
      launch('history', LOCAL_NETWORK.history, cluster.history, {});
    if (cluster.notebook !== undefined)
      launch('notebook', LOCAL_NETWORK.notebook, cluster.notebook, {
        credentials: { ...common.credentials, [NOTEBOOK_TOKEN]: { generate: 'cluster' } },
      });
    return found;
  }

  /** A deploy ends when the cluster is of use. */
  private untilReady(machines: Map<Group, LocalMachines>, workers: number): void {
    const { workingDir, kiln } = kilnHere(this);
    new Resource(this, 'ready', {
      triggers: Object.fromEntries([...machines].map(([group, { id }]) => [group, id])),
      provisioners: [
        {
          type: 'local-exec',
          workingDir,
          command: `${kiln} machines wait --cluster ${this.node.id} --workers ${workers}`,
        },
      ],
    });
  }

  private outputs(image: ResolvedImage, cluster: SparkCluster, wanted: Wanted): void {
    const { workers } = wanted;
    const { kiln } = kilnHere(this);
    const id = this.node.id;
    const last = addressAfter(LOCAL_NETWORK.workers, workers - 1);
    this.output(
      'image',
      image.digest,
      `The image of every machine, as ${wanted.image.source} named it at synth`,
    );
    this.output('master_url', cluster.masterUrl, 'Where the master listens, inside the cluster’s network');
    this.output(
      'dashboard',
      cluster.dashboard,
      `The master’s page, inside the cluster’s network; on this machine: ${kiln} open ${id} master`,
    );
    this.output('master_address', LOCAL_NETWORK.master, 'Address of the master');
    this.output(
      'worker_addresses',
      workers === 1 ? last : `${LOCAL_NETWORK.workers} to ${last}`,
      'Addresses of the workers',
    );
    this.output(
      'submit',
      `${kiln} run ${id} -- -m PACKAGE.MODULE ARGUMENT…`,
      'How to run a job of the code package',
    );
  }

  /** Outputs under their own names: scripts read them. */
  private output(name: string, value: string, description: string): void {
    new TerraformOutput(this, name, { value, description }).overrideLogicalId(name);
  }
}
