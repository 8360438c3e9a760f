import type { Store } from '../../factory/contracts/node';
import type { Statement } from './iam';
import type { AwsPlace } from './place';
import { bucketArn } from './place';

/** What a cluster may do in one bucket. The bucket is there already: data outlives clusters. */
export interface BucketAccess {
  readonly bucket: string;
  /** Prefixes that are read, each ending with `/`. @default none */
  readonly read?: readonly string[];
  /** Prefixes that are read, written and deleted in, each ending with `/`. @default none */
  readonly write?: readonly string[];
  /** ARN of the key that the bucket is encrypted with. @default the bucket uses SSE-S3 */
  readonly kmsKey?: string;
}

const prefixes = ({ read = [], write = [] }: BucketAccess): string[] => [...new Set([...read, ...write])];

/**
 * Folders above a prefix, and the prefix itself, as keys without the slash: S3A asks for each of them
 * (is there a file in the way?), and an answer "denied" instead of "not there" ends the job.
 */
function waypoints(prefix: string): string[] {
  const parts = prefix.split('/').filter((part) => part !== '');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

const ARN = {
  objects: (place: AwsPlace, { bucket }: BucketAccess, list: readonly string[]) =>
    list.map((prefix) => bucketArn(place, bucket, `${prefix}*`)),
  waypoints: (place: AwsPlace, { bucket }: BucketAccess, list: readonly string[]) =>
    [...new Set(list.flatMap(waypoints))].map((key) => bucketArn(place, bucket, key)),
};

/**
 * Listing is for the whole bucket, objects by prefix: with a condition on the listed prefix S3 answers
 * 403 instead of 404 for an object that is not there, which S3A cannot tell from a refusal.
 */
export function bucketStatements(place: AwsPlace, accesses: readonly BucketAccess[]): Statement[] {
  const of = (make: (access: BucketAccess) => readonly string[]): string[] => [
    ...new Set(accesses.flatMap(make)),
  ];
  const statements: Statement[] = [
    {
      sid: 'List',
      actions: ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'],
      resources: of(({ bucket }) => [bucketArn(place, bucket)]),
    },
    {
      sid: 'Read',
      actions: ['s3:GetObject'],
      resources: of((access) => [
        ...ARN.waypoints(place, access, prefixes(access)),
        ...ARN.objects(place, access, prefixes(access)),
      ]),
    },
    {
      sid: 'Write',
      actions: ['s3:AbortMultipartUpload', 's3:DeleteObject', 's3:ListMultipartUploadParts', 's3:PutObject'],
      resources: of((access) => ARN.objects(place, access, access.write ?? [])),
    },
    {
      sid: 'Keys',
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: of(({ kmsKey }) => (kmsKey === undefined ? [] : [kmsKey])),
    },
  ];
  return statements.filter(({ resources }) => resources.length > 0);
}

/** The buckets as nodes see them. */
export const storeOf = ({ region }: AwsPlace, accesses: readonly BucketAccess[]): Store => ({
  kind: 'aws',
  name: 's3',
  region,
  buckets: accesses.map(({ bucket }) => bucket),
});

const PREFIX = /^([A-Za-z0-9!_.'()-]+\/)+$/;

/** Every fault of what is asked for; none when it is well. */
export function bucketFaults(accesses: readonly BucketAccess[]): string[] {
  const seen = new Set<string>();
  return accesses.flatMap((access) => {
    const where = `buckets: ${access.bucket}`;
    const twice = seen.has(access.bucket) ? [`${where}: is named twice`] : [];
    seen.add(access.bucket);
    const empty = prefixes(access).length === 0 ? [`${where}: say which prefixes are read or written`] : [];
    const odd = prefixes(access)
      .filter((prefix) => !PREFIX.test(prefix))
      .map(
        (prefix) => `${where}: "${prefix}" must be a prefix that ends with /, as output/, without wildcards`,
      );
    return [...twice, ...empty, ...odd];
  });
}

/** Where tables lie when nobody says so: below the first prefix that is written in; false where there is none. */
export function warehouseIn(accesses: readonly BucketAccess[]): string | false {
  const places = accesses.flatMap(({ bucket, write = [] }) => write.map((prefix) => ({ bucket, prefix })));
  const found = places.find(({ prefix }) => prefix.split('/').every((part) => !/^\.{1,2}$/.test(part)));
  return found === undefined ? false : `s3a://${found.bucket}/${found.prefix}warehouse`;
}

/** Whether `s3a://bucket/path` lies where the cluster may write. */
export function mayWrite(accesses: readonly BucketAccess[], address: string): boolean {
  const [, bucket, path] = /^s3a:\/\/([^/]+)\/(.+?)\/?$/.exec(address) ?? [];
  const write = accesses.find((access) => access.bucket === bucket)?.write ?? [];
  return write.some((prefix) => `${path ?? ''}/`.startsWith(prefix));
}
