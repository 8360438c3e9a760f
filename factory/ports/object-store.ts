import type { Readable } from 'node:stream';

/** What a store knows of one object. */
export interface ObjectInfo {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

/** Content of an object: bytes at hand or a file to stream. */
export type ObjectBody = Uint8Array | { readonly file: string };

/**
 * One bucket of an object store.
 *
 * Errors of every method, as KilnError: `store-unreachable`, `store-refused` (keys or rights),
 * `bucket-missing`, `store-failed` (anything else, with the store's own words).
 */
export interface ObjectStore {
  /** Creates or replaces; readers see the old or the new content, never a part. At most 5 GiB. */
  put(key: string, body: ObjectBody): Promise<void>;
  /** @throws KilnError `object-missing`. */
  get(key: string): Promise<Readable>;
  /** undefined when there is none. */
  head(key: string): Promise<ObjectInfo | undefined>;
  /** Everything whose key starts with `prefix`, by key in byte order. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** Removing what is not there is no error. */
  remove(key: string): Promise<void>;
}
