/** Bytes of a block of EBS direct. */
export const EBS_BLOCK = 512 * 1024;

export interface SnapshotStart {
  /** GiB. */
  readonly volumeSize: number;
  /** Unchanged blocks are this snapshot's, and so are its encryption and key. */
  readonly parent?: string;
  /** ARN; only without a parent. Without it the account's default counts. */
  readonly kmsKey?: string;
  /** The same token and request give the same snapshot. */
  readonly token: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Minutes without a block after which AWS cancels the snapshot. */
  readonly timeout: number;
}

export interface StartedSnapshot {
  readonly snapshot: string;
  /** Bytes. */
  readonly blockSize: number;
  readonly account: string;
  /** ARN; undefined when it is not encrypted. */
  readonly kmsKey: string | undefined;
}

export interface SnapshotBlock {
  readonly index: number;
  /** A whole block. Belongs to the port until the call ends. */
  readonly data: Uint8Array;
  /** Base64 of its SHA-256. */
  readonly checksum: string;
}

export interface BlockPage {
  readonly blocks: readonly { readonly index: number; readonly token: string }[];
  /** Token of the page after this; undefined for the last. A page may be empty and not the last. */
  readonly next: string | undefined;
}

/**
 * Snapshots of one region, written and read without a volume (EBS direct APIs, 2019-11-02). Nothing is tried twice
 * here: factory/publish/persist.ts does that.
 *
 * Every method throws AwsError.
 */
export interface EbsDirect {
  start(request: SnapshotStart): Promise<StartedSnapshot>;
  put(snapshot: string, block: SnapshotBlock): Promise<void>;
  /**
   * Seals it; what it becomes is seen by Ec2Images.snapshots.
   * @param checksum base64 of the SHA-256 over the blocks' raw digests in the order of their indices.
   */
  complete(snapshot: string, written: { readonly count: number; readonly checksum: string }): Promise<void>;
  /** Only of a completed snapshot. */
  list(snapshot: string, next?: string): Promise<BlockPage>;
  /** @returns the block, whose checksum was compared on the way. */
  get(snapshot: string, index: number, token: string): Promise<Uint8Array>;
  /** Lets go of connections. */
  close(): void;
}
