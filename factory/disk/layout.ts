import type { Digest } from '../contracts/digest';
import type { ImageRecord } from '../contracts/record';
import { derivedUuid } from './identity';

export const MIB = 1024 * 1024;
const SECTOR = 512;

export type PartitionName = ImageRecord['partitions'][number]['name'];
type Partition = ImageRecord['partitions'][number];

/** Types of the discoverable partitions specification; the state partition is kiln's own, so plain Linux data. */
const TYPES: Readonly<Record<PartitionName, string>> = {
  esp: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  root: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709',
  'root-verity': '2c7357ed-ebd2-46d9-aec1-23d437ec2bf5',
  state: '0fc63daf-8483-4772-8e79-3d69d8477de4',
};

/** Bit 60 of the specification: the root is mounted read-only. */
const ATTRIBUTES: Readonly<Partial<Record<PartitionName, string>>> = { root: 'GUID:60' };

/** The GPT's label, which tools show and /dev/disk/by-partlabel has. */
const LABELS: Readonly<Record<PartitionName, string>> = {
  esp: 'kiln-esp',
  root: 'kiln-root',
  'root-verity': 'kiln-root-verity',
  state: 'kiln-state',
};

/** Where a partition lies; its UUID may depend on what is in it. */
export interface PartitionSpan {
  readonly name: PartitionName;
  /** Bytes. */
  readonly start: number;
  readonly size: number;
}

/** @throws Error when it is not there. */
export function spanOf<T extends { readonly name: PartitionName }>(
  spans: readonly T[],
  name: PartitionName,
): T {
  const found = spans.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no partition ${name}`);
  return found;
}

export interface PartitionSpans {
  /** In the order of the disk. */
  readonly spans: readonly PartitionSpan[];
  /** Bytes of the whole disk. */
  readonly size: number;
}

export interface Layout {
  /** In the order of the disk. */
  readonly partitions: readonly Partition[];
  /** UUID of the partition table. */
  readonly label: string;
}

const wholeMiB = (bytes: number): number => Math.ceil(bytes / MIB) * MIB;

/** Where each partition lies: one MiB for the table in front and one behind, all in whole MiB. */
export function layOut(
  sizes: readonly { readonly name: PartitionName; readonly size: number }[],
): PartitionSpans {
  let start = MIB;
  const spans = sizes.map(({ name, size }) => {
    const span = { name, start, size: wholeMiB(size) };
    start += span.size;
    return span;
  });
  return { spans, size: start + MIB };
}

/** The partitions with their identifiers. */
export const identified = (
  spans: readonly PartitionSpan[],
  contentId: Digest,
  uuids: Readonly<Record<PartitionName, string>>,
): Layout => ({
  partitions: spans.map(({ name, start, size }) => ({
    name,
    type: TYPES[name],
    uuid: uuids[name],
    start,
    size,
  })),
  label: derivedUuid(contentId, 'partition table'),
});

/** The script that sfdisk reads. */
export function partitionTable(layout: Layout): string {
  const lines = layout.partitions.map(({ name, type, uuid, start, size }) => {
    const attributes = ATTRIBUTES[name];
    return [
      `start=${String(start / SECTOR)}`,
      `size=${String(size / SECTOR)}`,
      `type=${type.toUpperCase()}`,
      `uuid=${uuid.toUpperCase()}`,
      `name="${LABELS[name]}"`,
      ...(attributes === undefined ? [] : [`attrs="${attributes}"`]),
    ].join(', ');
  });
  return [
    'label: gpt',
    `label-id: ${layout.label.toUpperCase()}`,
    `first-lba: ${String(MIB / SECTOR)}`,
    ...lines,
    '',
  ].join('\n');
}
