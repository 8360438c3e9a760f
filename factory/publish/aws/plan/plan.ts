import type { ImageRecord } from '../../../contracts/record';
import type { Deprecation } from './deprecation';
import type { Leftover } from './leftovers';
import type { Parent } from './parent';

/** What sending the disk takes. */
export interface UploadPlan {
  /** GiB. */
  readonly volumeSize: number;
  readonly encrypted: boolean;
  readonly parent: Parent | undefined;
  /** Why the whole disk is sent and not a difference. */
  readonly whole: string | undefined;
  /** Indices of blocks of 512 KiB, ascending. */
  readonly send: readonly number[];
  /** Blocks of the disk that are not zero. */
  readonly used: number;
  /** Of `send`, what a run that did not end sent already. */
  readonly sentBefore: number;
}

/** How an image comes to a region. */
type Way =
  /** It is there. */
  | { readonly kind: 'there'; readonly ami: string; readonly recorded: boolean }
  | { readonly kind: 'upload'; readonly upload: UploadPlan; readonly resume: string | undefined }
  /** A whole snapshot of it is there, from a run that did not end; every block is read back before it is used. */
  | { readonly kind: 'adopt'; readonly snapshot: string }
  | { readonly kind: 'copy'; readonly from: string };

export interface RegionPlan {
  readonly region: string;
  readonly way: Way;
  /** ARN; undefined: as the account's default has it. */
  readonly kmsKey: string | undefined;
  readonly encrypted: boolean;
  /** Accounts that are to have it and do not. */
  readonly share: readonly string[];
  readonly leftovers: readonly Leftover[];
  readonly deprecate: readonly Deprecation[];
}

/** What a publication would do; the first region gets the disk, the others copies. */
export interface PublishPlan {
  readonly record: ImageRecord;
  /** The AMI's name, the same in every region. */
  readonly name: string;
  /** Whether the image is stored in the registry first. */
  readonly store: boolean;
  /** Every block is read back, not a sample. */
  readonly verify: boolean;
  readonly regions: readonly RegionPlan[];
}

/** Whether anything is left to do. */
export const hasWork = ({ store, verify, regions }: PublishPlan): boolean =>
  store ||
  verify ||
  regions.some(
    ({ way, share, leftovers, deprecate }) =>
      way.kind !== 'there' ||
      !way.recorded ||
      share.length > 0 ||
      deprecate.length > 0 ||
      leftovers.some(({ action }) => action === 'delete'),
  );
