import { z } from 'zod';
import { Digest, Name, Sha256 } from '../contracts/digest';
import { ReporterName } from '../contracts/registry';

/** Keys have `/` on every system. */
const join = (...parts: readonly string[]): string => parts.join('/');

/*
 * The layout of a registry, the same in a directory and in a bucket:
 *
 *   registry.json                                   says that this is one
 *   chunks/<2 hex>/<64 hex>.zst                     512 KiB of a disk, kept once for all images
 *   images/<64 hex>/record.json                     written last: with it the image is there
 *   images/<64 hex>/chunks.json                     which chunks the disk is made of
 *   images/<64 hex>/factory.lock.json.zst|files.mtree.zst
 *   images/<64 hex>/verdicts/<kind>-<12 hex>.json   named by their content; the newest of a kind counts
 *   images/<64 hex>/publications/<name>.json        where else the image is, each written once
 *   images/<64 hex>/revoked.json|removed.json       for ever; the second until it is stored again
 *   channels/<image>/<channel>/0000001.json         append-only: what the channel pointed at, in order
 *   pins/<64 hex>.json  in-use/<reporter>.json      what keeps an image from `kiln gc`
 *   holds/<operation>.json  gc.json                 leases of who writes; who removes, right now
 *   inputs/<2 hex>/<64 hex>                         what `kiln vault push` keeps
 *
 * Every name is checked before it becomes part of a path. Keys have `/` in both homes.
 */

export const MARKER = 'registry.json';
export const IMAGES = 'images';
export const RECORD = 'record.json';
export const DISK = 'image.raw';
export const INDEX = 'chunks.json';
export const VERDICTS = 'verdicts';
export const PUBLICATIONS = 'publications';
export const REVOKED = 'revoked.json';
export const REMOVED = 'removed.json';
export const CHUNKS = 'chunks';
export const CHANNELS = 'channels';
export const PINS = 'pins';
export const IN_USE = 'in-use';
/** As registries have it that were made before leases had their name. */
export const LEASES = 'holds';
export const COLLECTOR = 'gc.json';
/** Behind the name of a file that is kept compressed. */
export const COMPRESSED = '.zst';

export const hexOf = (digest: string): string => Digest.parse(digest).slice('sha256:'.length);
export const isHex = (name: string): boolean => /^[0-9a-f]{64}$/.test(name);

export const chunkKey = (sha256: string): string =>
  join(CHUNKS, Sha256.parse(sha256).slice(0, 2), `${sha256}${COMPRESSED}`);

/** The sha256 that a key is the chunk of; undefined for any other key. */
export function chunkOf(key: string): string | undefined {
  const sha256 = /^chunks\/[0-9a-f]{2}\/([0-9a-f]{64})\.zst$/.exec(key)?.[1];
  return sha256 !== undefined && chunkKey(sha256) === key ? sha256 : undefined;
}

export const pinKey = (digest: string): string => join(PINS, `${hexOf(digest)}.json`);
export const inUseKey = (reporter: string): string => join(IN_USE, `${ReporterName.parse(reporter)}.json`);
export const leaseKey = (operation: string): string => join(LEASES, `${z.uuid().parse(operation)}.json`);

export const imageFolder = (digest: string): string => join(IMAGES, hexOf(digest));

export const channelsFolder = (image: string): string => join(CHANNELS, Name.parse(image));

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
