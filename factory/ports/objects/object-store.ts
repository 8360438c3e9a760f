import type { Readable } from 'node:stream';

/** What a store knows of one object. */
export interface ObjectInfo {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** When it was written by the store's clock, in milliseconds since the epoch. */
  readonly modified: number;
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
  /**
   * Creates it only where nothing has that key.
   * @returns false when something is there. That may be this call's own, by a try whose answer got lost, and
   *   when this throws, it may be there or not: whoever must know reads it back.
   * @throws KilnError `store-conflict` when another writer was at it at the same time.
   */
  create(key: string, body: Uint8Array): Promise<boolean>;
  /** @throws KilnError `object-missing`. */
  get(key: string): Promise<Readable>;
  /** undefined when there is none. */
  head(key: string): Promise<ObjectInfo | undefined>;
  /** Everything whose key starts with `prefix`, by key in byte order. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** Removing what is not there is no error. */
  remove(key: string): Promise<void>;
}

/** A store that is opened when it is first asked: its client takes longer to load than most commands take. */
export function lazily(open: () => Promise<ObjectStore>): ObjectStore {
  let opened: Promise<ObjectStore> | undefined;
  const store = (): Promise<ObjectStore> => (opened ??= open());
  return {
    put: async (key, body) => {
      await (await store()).put(key, body);
    },
    create: async (key, body) => await (await store()).create(key, body),
    get: async (key) => await (await store()).get(key),
    head: async (key) => await (await store()).head(key),
    async *list(prefix) {
      yield* (await store()).list(prefix);
    },
    remove: async (key) => {
      await (await store()).remove(key);
    },
  };
}

/** The objects below `prefix` (empty, or ending with a slash) as a store of their own. */
export function below(store: ObjectStore, prefix: string): ObjectStore {
  if (prefix === '') return store;
  const within = (info: ObjectInfo): ObjectInfo => ({ ...info, key: info.key.slice(prefix.length) });
  return {
    put: (key, body) => store.put(prefix + key, body),
    create: (key, body) => store.create(prefix + key, body),
    get: (key) => store.get(prefix + key),
    head: async (key) => {
      const info = await store.head(prefix + key);
      return info === undefined ? undefined : within(info);
    },
    async *list(start) {
      for await (const info of store.list(prefix + start)) yield within(info);
    },
    remove: (key) => store.remove(prefix + key),
  };
}
