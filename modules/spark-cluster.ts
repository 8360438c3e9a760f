import { Construct } from 'constructs';
import type { NodeConfig, ScratchPolicy, SecretRef, Store } from '../factory/contracts/node';
import { defined } from '../factory/defined';
import type { ResolvedImage } from '../factory/registry/read';
import { NodeDocument } from './node-document';

const MASTER_PORT = 7077;
const MASTER_UI_PORT = 8080;

export interface SparkClusterProps {
  /** Name of the cluster, unique where it runs. */
  readonly cluster: string;
  readonly image: ResolvedImage;
  /** Host name or address that the master has. */
  readonly masterHost: string;
  readonly stores: readonly Store[];
  /** spark.authenticate.secret of this cluster. */
  readonly secret: SecretRef;
  /** Of every other role than worker: master. */
  readonly scratch: { readonly master: ScratchPolicy; readonly worker: ScratchPolicy };
  /** What one worker offers. @default all cores, and memory by the node's reserve table */
  readonly worker?: { readonly cores: number; readonly memoryMiB: number };
  /** Cores of one executor. @default one executor a worker, or as many as keep each heap below 31 GiB */
  readonly executorCores?: number;
  /** MiB of scratch that stay free: a worker with less stops. @default 2 % of it, from 256 MiB to 10 GiB */
  readonly leastFreeMiB?: number;
  /**
   * How a worker learns that its machine goes, and how long it may then take to leave.
   * @default nobody tells it; 110 s
   */
  readonly leave?: NodeConfig['spark']['leave'];
  /** What JupyterLab asks for. @default there is no notebook */
  readonly notebookToken?: SecretRef;
  /** Seconds after which a notebook's executors go. @default 120 without work, 1800 with cached or shuffled data */
  readonly notebookIdle?: NodeConfig['spark']['notebook'];
  /** `s3a://bucket/path` that event logs are written to. @default none are written */
  readonly eventLog?: string;
  /**
   * `s3a://bucket/path` that tables are written to, in a bucket of `stores`; paths without a scheme are in that bucket,
   * too. false: none, and whoever writes a table is refused.
   * @default the folder warehouse of the first bucket; without stores none
   */
  readonly warehouse?: string | false;
  /** Overrides of spark-defaults. @default none */
  readonly conf?: Readonly<Record<string, string>>;
}

/** A Spark standalone cluster, wherever its machines are: what each of its roles learns at boot. */
export class SparkCluster extends Construct {
  readonly master: NodeDocument;
  readonly worker: NodeDocument;
  /** Has no daemon: jobs are submitted from it. */
  readonly driver: NodeDocument;
  /** Shows what jobs have logged; undefined where there is no eventLog. */
  readonly history: NodeDocument | undefined;
  /** JupyterLab; undefined where there is no notebookToken. */
  readonly notebook: NodeDocument | undefined;
  /** `spark://host:port`. */
  readonly masterUrl: string;
  /** Address of the master's page. */
  readonly dashboard: string;

  constructor(scope: Construct, id: string, props: SparkClusterProps) {
    super(scope, id);
    const common = {
      version: 1 as const,
      cluster: props.cluster,
      master: { host: props.masterHost, port: MASTER_PORT },
      image: { digest: props.image.digest, contentId: props.image.record.contentId },
      stores: [...props.stores],
      secrets: { spark: props.secret },
    };
    const { executorCores, leastFreeMiB, leave, notebookToken, notebookIdle } = props;
    const [store] = props.stores;
    const { warehouse = store === undefined ? false : `s3a://${store.buckets[0] ?? ''}/warehouse` } = props;
    const spark = {
      conf: { ...eventLogConf(props.eventLog), ...props.conf },
      ...(warehouse === false ? {} : { warehouse }),
      ...defined({ executorCores, leastFreeMiB }),
    };
    const node = (role: NodeConfig['role'], more: Partial<NodeConfig> = {}): NodeDocument =>
      new NodeDocument(
        this,
        role,
        { ...common, role, scratch: props.scratch.master, spark, ...more },
        props.image.record.versions,
      );
    this.master = node('master');
    this.worker = node('worker', {
      scratch: props.scratch.worker,
      spark: {
        ...spark,
        ...defined({ worker: props.worker && { ...props.worker } }),
        ...defined({ leave }),
      },
    });
    this.driver = node('driver');
    this.history = props.eventLog === undefined ? undefined : node('history');
    this.notebook =
      notebookToken === undefined
        ? undefined
        : node('notebook', {
            secrets: { spark: props.secret, notebook: notebookToken },
            spark: { ...spark, ...defined({ notebook: notebookIdle }) },
          });
    this.masterUrl = `spark://${props.masterHost}:${MASTER_PORT}`;
    this.dashboard = `http://${props.masterHost}:${MASTER_UI_PORT}`;
  }
}

/** Rolling, because a file on object storage cannot be seen before it is closed. */
const eventLogConf = (directory: string | undefined): Readonly<Record<string, string>> =>
  directory === undefined
    ? {}
    : {
        'spark.eventLog.enabled': 'true',
        'spark.eventLog.dir': directory,
        'spark.eventLog.rolling.enabled': 'true',
        'spark.eventLog.compress': 'true',
      };
