/** A document or a part of a disk, as a home lists it. */
export interface Kept {
  /** Path below the registry, with `/`. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** When it was written by the home's clock, in milliseconds since the epoch. */
  readonly modified: number;
}

/**
 * Where a registry is kept: documents and parts of disks by key, each written and read whole. One
 * guarantee carries everything else: of any number of writers that `create` the same key, exactly one is told
 * `true`. test/factory/registry/home-contract.ts is what every home does.
 */
export interface RegistryHome {
  /** For messages. */
  readonly where: string;
  /** Whether reading it needs a network. */
  readonly remote: boolean;
  /** Whether `init` was here. @throws KilnError `registry-version` for one of another layout. */
  exists(): Promise<boolean>;
  /**
   * Makes an empty registry; does nothing where there is one.
   * @returns whether it was made now.
   * @throws KilnError `registry-unfit` when the home cannot keep `create`'s promise.
   */
  init(): Promise<boolean>;
  /** Names in a folder, of documents and folders, sorted; none when it is not there. */
  list(folder: string): Promise<readonly string[]>;
  /** Everything below a folder, in any order. */
  walk(folder: string): AsyncIterable<Kept>;
  /**
   * The document's text; undefined when it is not there.
   * @param limit bytes; default DOCUMENT_LIMIT.
   * @throws KilnError `registry-damaged` when it has more, or is no UTF-8.
   */
  read(key: string, limit?: number): Promise<string | undefined>;
  /** Its bytes. @throws KilnError `registry-damaged` when it has more than `limit`. */
  load(key: string, limit: number): Promise<Buffer | undefined>;
  /** Creates a document. @returns false when another one was already there: somebody else was first. */
  create(key: string, text: string): Promise<boolean>;
  /** Creates or replaces; readers see the old or the new content, never a part. */
  put(key: string, content: Uint8Array): Promise<void>;
  /** Removing what is not there is no error. */
  remove(key: string): Promise<void>;
  /** Returns when all that was written survives a power cut. */
  flush(): Promise<void>;
}

/** Bytes of the longest document that a registry may hold; a record has some kilobytes. */
export const DOCUMENT_LIMIT = 1024 * 1024;
