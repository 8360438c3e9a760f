import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BucketRegistry } from '../../contracts/spec';
import { defined } from '../../defined';
import { KilnError } from '../../errors';
import { below, lazily, type ObjectStore } from './object-store';

/** A Ceph RGW takes any region in signatures. */
const ANY_REGION = 'us-east-1';

function authority(root: string, file: string): string {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch (error) {
    throw new KilnError({
      code: 'no-ca',
      what: `factory.yaml: registry.ca: ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'put there the PEM of the authority that signed the endpoint’s certificate; kiln store up writes .kiln/store/ca.pem',
      exitCode: 2,
      cause: error,
    });
  }
}

/**
 * The bucket that factory.yaml names, from the registry's prefix on; keys by the standard AWS chain. Nothing
 * is asked of it before something is read.
 * @param root the project's folder, which `ca` is relative to.
 * @throws KilnError `no-ca`.
 */
export function openRegistryBucket(root: string, registry: BucketRegistry): ObjectStore {
  const { address, endpoint, region = endpoint === undefined ? undefined : ANY_REGION, ca } = registry;
  const [bucket = '', ...segments] = address
    .slice('s3://'.length)
    .split('/')
    .filter((part) => part !== '');
  const how = {
    ...defined({ url: endpoint, region }),
    ...(ca === undefined ? {} : { ca: authority(root, ca) }),
  };
  const store = lazily(async () => {
    const { S3ObjectStore } = await import('./object-store-s3.js');
    return new S3ObjectStore(how, bucket);
  });
  return below(store, segments.map((segment) => `${segment}/`).join(''));
}
