import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GoldenImage } from '../../modules/golden-image';
import type { AwsClusterProps } from '../../stacks/aws-cluster';
import type { ProjectPlace } from './support';

export const ACCOUNT = '123456789012';
export const REGION = 'eu-central-1';

/** A cluster as a team would write it. */
export const CLUSTER: AwsClusterProps = {
  environment: 'staging',
  account: ACCOUNT,
  region: REGION,
  state: { bucket: 'acme-kiln-state' },
  image: GoldenImage.channel('production'),
  network: { make: { zones: ['eu-central-1a'] } },
  buckets: [{ bucket: 'acme-flights', read: ['input/'], write: ['output/', 'spark-events/'] }],
  master: { type: 'm6id.large' },
  workers: { count: 3, types: ['m6id.2xlarge', 'm5d.2xlarge'], onDemand: 1 },
  eventLog: 's3a://acme-flights/spark-events',
};

/** Writes what `kiln publish` records of an image. */
export function recordPublication(
  project: ProjectPlace,
  digest: string,
  ami: string,
  more: Readonly<Record<string, unknown>> = {},
): void {
  const folder = join(project.home.where, 'images', digest.replace('sha256:', ''), 'publications');
  mkdirSync(folder, { recursive: true });
  const event = {
    version: 1,
    to: 'aws',
    digest,
    region: REGION,
    ami,
    by: 'somebody@somewhere',
    at: '2026-01-01T00:00:00Z',
    event: 'published',
    account: ACCOUNT,
    name: 'spark-node',
    image: 'spark-node',
    snapshot: 'snap-0123456789abcdef0',
    volumeSize: 4,
    kmsKey: null,
    origin: { kind: 'upload', parent: null, blocks: { sent: 1, used: 1 }, readBack: 1 },
    ...more,
  };
  writeFileSync(join(folder, `${event.at}-${event.event}-${event.ami}.json`), JSON.stringify(event));
}
