import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { z } from 'zod';
import type { Cluster } from '../spark/cluster';

const Listing = z.array(z.object({ key: z.string(), size: z.number() }));
const Status = z.object({ endpoint: z.string() });

/** Keys and sizes below a prefix of the cluster's bucket. */
export async function objects(cluster: Cluster, prefix: string): Promise<z.infer<typeof Listing>> {
  const { stdout } = await cluster.kiln(['store', 'ls', `s3://flights/${prefix}`, '--json']);
  return Listing.parse(JSON.parse(stdout));
}

/** Fetches everything below a prefix. @returns the folder on this machine. */
export async function fetched(cluster: Cluster, prefix: string): Promise<string> {
  const folder = join(cluster.project, 'fetched', prefix);
  await cluster.kiln(['store', 'get', `s3://flights/${prefix}/`, folder]);
  return folder;
}

/** Keys of uploads that were begun and neither completed nor aborted: a committer's rows before they are committed. */
export async function pendingUploads(cluster: Cluster): Promise<readonly string[]> {
  const { stdout } = await cluster.kiln(['store', 'status', '--json']);
  const read = (name: string): string =>
    readFileSync(join(cluster.project, '.kiln/store', name), 'utf8').trim();
  const client = new S3Client({
    endpoint: Status.parse(JSON.parse(stdout)).endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: read('access-key'), secretAccessKey: read('secret-key') },
    requestHandler: { httpsAgent: new Agent({ ca: read('ca.pem') }) },
  });
  try {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: 'flights' }));
    return Uploads.map(({ Key }) => Key ?? '');
  } finally {
    client.destroy();
  }
}
