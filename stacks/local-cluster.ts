import { NullProvider } from '@cdktf/provider-null/lib/provider';
import { Resource } from '@cdktf/provider-null/lib/resource';
import { TerraformOutput, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import type { LaunchGroup } from '../factory/contracts/launch';
import type { NodeConfig, ScratchPolicy } from '../factory/contracts/node';
import { defined } from '../factory/defined';
import type { GoldenImage } from '../modules/golden-image';
import { localBackend } from '../modules/local-backend';
import { LocalMachines, kilnHere } from '../modules/local-machines';
import { LOCAL_NETWORK, addressAfter } from '../modules/local-network';
import { localStore } from '../modules/local-store';
import type { LocalStore } from '../modules/local-store';
import { projectOf } from '../modules/project';
import { SparkCluster } from '../modules/spark-cluster';

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

/** What a machine has beside what its worker offers: the operating system, the daemon, Python. */
const OVERHEAD_MIB = 1024;

/** One master and some workers on this machine, from the same image as anywhere else. */
export class LocalClusterStack extends TerraformStack {
  constructor(scope: Construct, id: string, props: LocalClusterProps) {
    super(scope, id);
    const { workers = 2, machine = 'auto', store = localStore(), conf, executorCores } = props;
    const worker = props.worker ?? { cores: 1, memoryMiB: 2048 };
    const image = props.image.resolve(this);

    localBackend(this);
    new NullProvider(this, 'null');
    const scratch = machine === 'qemu' ? QEMU_SCRATCH : NSPAWN_SCRATCH;
    const cluster = new SparkCluster(this, 'spark', {
      cluster: id,
      image,
      masterHost: LOCAL_NETWORK.master,
      stores: [store.store],
      secret: { credential: 'spark-secret' },
      scratch: { master: scratch, worker: scratch },
      worker,
      eventLog: `s3a://${store.bucket}/spark-events`,
      ...defined({ executorCores }),
      ...(props.notebook === true ? { notebookToken: { credential: NOTEBOOK_TOKEN } } : {}),
      ...defined({ notebookIdle: props.notebookIdle, warehouse: props.warehouse, conf }),
    });

    const common = {
      version: 1 as const,
      cluster: id,
      machine,
      image: { digest: image.digest, contentId: image.record.contentId },
      registry: projectOf(this).registryPath,
      scratch: { qemu: QEMU_SCRATCH, nspawn: NSPAWN_SCRATCH },
      credentials: { ...store.credentials, 'spark-secret': { generate: 'cluster' as const } },
      disks: SCRATCH_DISKS,
    };
    const gateway = `${LOCAL_NETWORK.gateway}/${LOCAL_NETWORK.prefix}`;
    const master = new LocalMachines(this, 'master', {
      launch: {
        ...common,
        group: 'master',
        count: 1,
        network: { gateway, first: LOCAL_NETWORK.master, forward: store.forward },
        node: cluster.master.document,
        cpus: 1,
        memoryMiB: 1024 + OVERHEAD_MIB,
      },
    });
    const launched = new LocalMachines(this, 'workers', {
      after: master,
      launch: {
        ...common,
        group: 'workers',
        count: workers,
        network: { gateway, first: LOCAL_NETWORK.workers, forward: store.forward },
        node: cluster.worker.document,
        cpus: worker.cores,
        memoryMiB: worker.memoryMiB + OVERHEAD_MIB,
      },
    });
    const beside = [
      { group: 'history' as const, node: props.history === true ? cluster.history : undefined },
      { group: 'notebook' as const, node: cluster.notebook },
    ].flatMap(({ group, node }) => (node === undefined ? [] : [{ group, node }]));
    const helpers = beside.map(({ group, node }) => {
      const token = { [NOTEBOOK_TOKEN]: { generate: 'cluster' as const } };
      return new LocalMachines(this, group, {
        after: master,
        launch: {
          ...common,
          ...(group === 'notebook' ? { credentials: { ...common.credentials, ...token } } : {}),
          group,
          count: 1,
          network: { gateway, first: LOCAL_NETWORK[group], forward: store.forward },
          node: node.document,
          cpus: 1,
          memoryMiB: 2048 + OVERHEAD_MIB,
        },
      });
    });
    const { workingDir, kiln } = kilnHere(this);
    new Resource(this, 'ready', {
      triggers: {
        master: master.id,
        workers: launched.id,
        ...Object.fromEntries(helpers.map((machines, index) => [beside[index]?.group ?? '', machines.id])),
      },
      provisioners: [
        {
          type: 'local-exec',
          workingDir,
          command: `${kiln} machines wait --cluster ${id} --workers ${workers}`,
        },
      ],
    });

    const last = addressAfter(LOCAL_NETWORK.workers, workers - 1);
    this.output(
      'image',
      image.digest,
      `The image of every machine, as ${props.image.source} named it at synth`,
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
