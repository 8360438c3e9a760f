export type Tags = Readonly<Record<string, string>>;

export interface SnapshotInfo {
  readonly snapshot: string;
  readonly state: 'pending' | 'completed' | 'error' | 'other';
  /** Why it is in error. */
  readonly message: string | undefined;
  /** ARN; undefined when it is not encrypted. */
  readonly kmsKey: string | undefined;
  /** GiB. */
  readonly volumeSize: number;
  readonly account: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly tags: Tags;
}

export interface ImageInfo {
  readonly ami: string;
  readonly name: string;
  /** `available`, `pending`, `failed`, `error`, `disabled` … */
  readonly state: string;
  readonly message: string | undefined;
  readonly account: string;
  /** Of the root volume; undefined while a copy is young. */
  readonly snapshot: string | undefined;
  /** When others no longer see it; undefined: it is not deprecated. */
  readonly deprecatedFrom: string | undefined;
  readonly tags: Tags;
}

/** What is asked for; only the account's own is found. */
export type Wanted =
  | { readonly ids: readonly string[] }
  | { readonly name: string }
  | { readonly tag: { readonly key: string; readonly value: string } };

export interface ImageRegistration {
  readonly name: string;
  readonly description: string;
  readonly snapshot: string;
  /** GiB. */
  readonly volumeSize: number;
  readonly tags: Tags;
}

export interface ImageCopy {
  readonly from: { readonly region: string; readonly ami: string };
  readonly name: string;
  readonly description: string;
  readonly token: string;
  /** ARN in this region. */
  readonly kmsKey?: string;
  readonly tags: Tags;
}

/**
 * AMIs and their snapshots in one region (EC2, 2016-11-15), as kiln makes them: x86-64, UEFI, IMDSv2 only, ENA, root
 * on gp3. Nothing is tried twice here.
 *
 * Every method throws AwsError.
 */
export interface Ec2Images {
  /** Whether new snapshots are encrypted unasked, and unencrypted parents refused. */
  encryptionByDefault(): Promise<boolean>;
  /** What does not exist is left out. */
  snapshots(wanted: Wanted): Promise<readonly SnapshotInfo[]>;
  /** What does not exist is left out. */
  images(wanted: Wanted): Promise<readonly ImageInfo[]>;
  deleteSnapshot(snapshot: string): Promise<void>;
  /** @returns the AMI. */
  register(request: ImageRegistration): Promise<string>;
  /** Copies an AMI of another region into this one. @returns the new AMI, which is pending. */
  copy(request: ImageCopy): Promise<string>;
  /** Lets accounts make volumes of the snapshot; those that may already stay. */
  shareSnapshot(snapshot: string, accounts: readonly string[]): Promise<void>;
  /** Lets accounts launch the AMI; those that may already stay. */
  shareImage(ami: string, accounts: readonly string[]): Promise<void>;
  /** @param from RFC 3339; undefined takes the deprecation back. */
  deprecate(ami: string, from: string | undefined): Promise<void>;
  deregister(ami: string): Promise<void>;
  close(): void;
}
