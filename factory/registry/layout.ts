import { join } from 'node:path';
import { Digest, Name } from '../contracts/digest';

/*
 * The layout of a registry, the same in a directory and in a bucket:
 *
 *   registry.json                                   says that this is one
 *   images/<64 hex>/image.raw|record.json|factory.lock.json|files.mtree
 *   images/<64 hex>/verdicts/<kind>-<12 hex>.json   named by their content; the newest of a kind counts
 *   channels/<image>/<channel>/0000001.json         append-only: what the channel pointed at, in order
 *
 * Every name is checked before it becomes part of a path.
 */

export const MARKER = 'registry.json';
export const IMAGES = 'images';
export const RECORD = 'record.json';
export const DISK = 'image.raw';
export const VERDICTS = 'verdicts';

const hexOf = (digest: string): string => Digest.parse(digest).slice('sha256:'.length);

export const imageFolder = (digest: string): string => join(IMAGES, hexOf(digest));

export const channelsFolder = (image: string): string => join('channels', Name.parse(image));

export const channelFolder = (image: string, channel: string): string =>
  join(channelsFolder(image), Name.parse(channel));

const WIDTH = 7;

export const entryName = (sequence: number): string => `${String(sequence).padStart(WIDTH, '0')}.json`;

/** The sequence number that a file of a channel's log is named by; undefined for any other file. */
export function sequenceOf(name: string): number | undefined {
  const digits = /^(\d{7,})\.json$/.exec(name)?.[1];
  if (digits === undefined) return undefined;
  const sequence = Number(digits);
  return entryName(sequence) === name ? sequence : undefined;
}
