import { Construct } from 'constructs';
import type { NodeConfig as NodeJson, ScratchPolicy, SecretRef, Store } from '../factory/contracts/node';
import type { ResolvedImage } from '../factory/registry/read';
import { NodeConfig } from './node-config';

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
  readonly scratch: { readonly master: ScratchPolicy; readonly worker: ScratchPolicy };
  /** What one worker offers. @default all cores, and memory by the node's reserve table */
  readonly worker?: { readonly cores: number; readonly memoryMiB: number };
  /** `s3a://bucket/path` that event logs are written to. @default none are written */
  readonly eventLog?: string;
  /** Overrides of spark-defaults. @default none */
  readonly conf?: Readonly<Record<string, string>>;
}

/** A Spark standalone cluster, wherever its machines are: what its master and its workers learn at boot. */
export class SparkCluster extends Construct {
  readonly master: NodeConfig;
  readonly worker: NodeConfig;
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
    const conf = { ...eventLogConf(props.eventLog), ...props.conf };
    const master: NodeJson = { ...common, role: 'master', scratch: props.scratch.master, spark: { conf } };
    const spark = props.worker === undefined ? { conf } : { conf, worker: { ...props.worker } };
    const worker: NodeJson = { ...common, role: 'worker', scratch: props.scratch.worker, spark };
    this.master = new NodeConfig(this, 'master', master);
    this.worker = new NodeConfig(this, 'worker', worker);
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
