import type { z } from 'zod';
import { ChannelEntry } from '../contracts/channel';
import { channelFolder, entryName, sequenceOf } from './layout';
import { registryDamaged } from './errors';

export interface RawEntry {
  readonly name: string;
  readonly text: string;
}

interface Damage {
  readonly where: string;
  readonly what: string;
}

/** Parses JSON by a strict schema; every fault with its path in the document. */
function parseStrict<T>(schema: z.ZodType<T>, text: string, where: string): T | readonly Damage[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return [{ where, what: `not JSON: ${error instanceof Error ? error.message : String(error)}` }];
  }
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  return result.error.issues.map((issue) => ({
    where: issue.path.length === 0 ? where : `${where}: ${issue.path.map(String).join('.')}`,
    what: issue.message,
  }));
}

const isDamage = (parsed: unknown): parsed is readonly Damage[] => Array.isArray(parsed);

/** @throws KilnError `registry-damaged` with every fault. */
export function parseOrThrow<T>(schema: z.ZodType<T>, text: string, where: string): T {
  const parsed = parseStrict(schema, text, where);
  if (isDamage(parsed)) throw registryDamaged(parsed);
  return parsed;
}

/**
 * The log of one channel, oldest first: entries 1, 2, 3 … without a gap, each saying what its name and
 * folder say, each naming an image that is stored.
 * @throws KilnError `registry-damaged` with every fault; a damaged log names no image at all.
 */
export function checkLog(
  image: string,
  channel: string,
  files: readonly RawEntry[],
  isStored: (digest: string) => boolean,
): readonly ChannelEntry[] {
  const folder = channelFolder(image, channel);
  const faults: Damage[] = [];
  const entries: ChannelEntry[] = [];
  for (const { name, text } of files) {
    const where = `${folder}/${name}`;
    const sequence = sequenceOf(name);
    if (sequence === undefined) {
      faults.push({ where, what: 'is no entry of a channel log' });
      continue;
    }
    const entry = parseStrict(ChannelEntry, text, where);
    if (isDamage(entry)) {
      faults.push(...entry);
      continue;
    }
    if (entry.sequence !== sequence)
      faults.push({ where, what: `says that it is entry ${String(entry.sequence)}` });
    if (entry.image !== image) faults.push({ where, what: `is about image ${entry.image}` });
    if (entry.channel !== channel) faults.push({ where, what: `is about channel ${entry.channel}` });
    if (!isStored(entry.digest))
      faults.push({ where, what: `names an image that is not stored: ${entry.digest}` });
    entries.push(entry);
  }
  entries.sort((a, b) => a.sequence - b.sequence);
  if (faults.length === 0) {
    const gap = entries.findIndex((entry, index) => entry.sequence !== index + 1);
    if (gap !== -1)
      faults.push({ where: `${folder}/${entryName(gap + 1)}`, what: 'is missing: the log has a gap' });
  }
  if (faults.length > 0) throw registryDamaged(faults);
  return entries;
}

/** Where the channel points: its last entry's image; undefined while it is empty. */
export const headOf = (log: readonly ChannelEntry[]): string | undefined => log.at(-1)?.digest;

/**
 * The images that the channel came to, as if what was rolled back had never been promoted: the last is where it
 * points, the one before is where a rollback goes, so that a second rollback goes further back and not forth again.
 */
export function wayOf(log: readonly ChannelEntry[]): readonly string[] {
  const way: string[] = [];
  for (const { action, digest } of log) {
    if (action !== 'promote') {
      const back = way.lastIndexOf(digest);
      if (back !== -1) way.length = back + 1;
    }
    if (way.at(-1) !== digest) way.push(digest);
  }
  return way;
}

/** Where a rollback goes: the nearest image before the present one that is `good`; undefined where there is none. */
export const rollbackTarget = (
  log: readonly ChannelEntry[],
  good: (digest: string) => boolean = () => true,
): string | undefined => wayOf(log).slice(0, -1).findLast(good);
