import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchGroup } from '../../factory/contracts/launch';
import type { NodeConfig, Store } from '../../factory/contracts/node';
import type { BakedImage } from './image';

export const MASTER = '10.213.0.10';
export const FIRST_WORKER = '10.213.0.20';
export const GATEWAY = '10.213.0.1';

/** The project's own object store, as its machines reach it and with keys by file. */
export const projectStore = (name: string, bucket: string): Store => ({
  kind: 'rgw',
  name,
  endpoint: `https://${GATEWAY}:7443`,
  buckets: [bucket],
  accessKey: { credential: 'store-access-key' },
  secretKey: { credential: 'store-secret-key' },
  ca: { credential: 'store-ca' },
});

/** What its machines are given for that. @param ca file of the authorities to trust */
export const storeCredentials = (ca = '.kiln/store/ca.pem'): LaunchGroup['credentials'] => ({
  'store-access-key': { file: '.kiln/store/access-key' },
  'store-secret-key': { file: '.kiln/store/secret-key' },
  'store-ca': { file: ca },
});

/** A test's JVMs live for seconds: the optimising compiler costs more than it gives, a quarter of all processor time. */
const QUICK_JVM = '-XX:TieredStopAtLevel=1';

interface Machines {
  readonly cluster: string;
  readonly role: NodeConfig['role'];
  readonly count: number;
  /** Address of the first. */
  readonly first: string;
  /** Port of the object store on this machine's loopback; without one there is none. */
  readonly store?: number;
  readonly stores?: readonly Store[];
  readonly secrets?: Partial<NodeConfig['secrets']>;
  readonly credentials?: LaunchGroup['credentials'];
  readonly spark?: Partial<NodeConfig['spark']>;
}

/**
 * Writes what `kiln machines up` takes for containers of one role, workers of one core each.
 * @returns the file.
 */
export function launchFile(project: string, { record }: BakedImage, machines: Machines): string {
  const { cluster, role, count, first, store, stores = [], secrets, credentials, spark } = machines;
  const image = { digest: record.digest, contentId: record.contentId };
  const spec: LaunchGroup = {
    version: 1,
    cluster,
    group: role,
    machine: 'nspawn',
    count,
    image,
    registry: 'registry',
    network: {
      gateway: `${GATEWAY}/24`,
      first,
      forward: store === undefined ? {} : { 7443: `127.0.0.1:${String(store)}` },
    },
    node: {
      version: 1,
      cluster,
      role,
      master: { host: MASTER, port: 7077 },
      image,
      scratch: { kind: 'directory' },
      stores: [...stores],
      secrets: { spark: { credential: 'spark-secret' }, ...secrets },
      spark: {
        worker: { cores: 1, memoryMiB: 1024 },
        ...spark,
        conf: {
          'spark.driver.extraJavaOptions': QUICK_JVM,
          'spark.executor.extraJavaOptions': QUICK_JVM,
          ...spark?.conf,
        },
      },
    },
    credentials: { 'spark-secret': { generate: 'cluster' }, ...credentials },
    cpus: 2,
    memoryMiB: 3072,
    disks: { count: 0, sizeMiB: 64 },
  };
  const file = join(project, `${role}.json`);
  writeFileSync(file, JSON.stringify(LaunchGroup.parse(spec)));
  return file;
}
