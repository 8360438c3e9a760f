import { KilnError } from '../errors';

export interface Address {
  readonly bucket: string;
  /** Without a leading slash; may be empty or end with a slash: then it names a folder. */
  readonly key: string;
}

/** @throws KilnError `bad-address` unless it is `s3://BUCKET[/KEY]`. */
export function parseAddress(text: string): Address {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(text);
  const [, bucket, key] = match ?? [];
  if (bucket === undefined) {
    throw new KilnError({
      code: 'bad-address',
      what: `${text} is no object's address`,
      hint: 'write s3://BUCKET/KEY, for example s3://flights/raw/flights.csv',
      exitCode: 2,
    });
  }
  return { bucket, key: key ?? '' };
}

/**
 * Where the object of `key` goes below a folder, when everything below `prefix` is fetched.
 * @throws KilnError `unsafe-key` when it would leave the folder.
 */
export function relativePath(prefix: string, key: string): string {
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  const path = key.slice(folder.length);
  if (path === '' || path.startsWith('/') || path.split('/').some((part) => part === '..' || part === '.')) {
    throw new KilnError({
      code: 'unsafe-key',
      what: `the object ${key} has no place below a folder`,
      hint: 'fetch it alone, into a file that you name',
    });
  }
  return path;
}
