import { createHash } from 'node:crypto';
import type { Digest } from '../contracts/digest';

/**
 * A UUID that is a function of the content and a purpose: version 8 of RFC 9562 (its bits are the
 * application's), so the same content has the same partitions wherever it is baked.
 */
export function derivedUuid(contentId: Digest, purpose: string): string {
  const bytes = createHash('sha256')
    .update(`kiln uuid 1\n${purpose}\n${contentId}\n`)
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** A digest of an image's name, for what must be alike in all its bakes. */
export const nameDigest = (image: string): Digest =>
  `sha256:${createHash('sha256').update(`kiln name 1\n${image}\n`).digest('hex')}`;

/**
 * Salt of an image's seals, 64 hex digits. It is a function of the image's name alone: a block that two
 * bakes have in common has the same hash in both, and a change moves only its own path up the tree.
 */
export const sealSalt = (image: string): string =>
  createHash('sha256').update(`kiln salt 1\n${image}\n`).digest('hex');

/** Volume id of a FAT file system: 8 hex digits. */
export function derivedVolumeId(contentId: Digest, purpose: string): string {
  return derivedUuid(contentId, purpose).slice(0, 8);
}
