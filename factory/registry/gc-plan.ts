import type { ChannelEntry } from '../contracts/channel';
import { headOf, wayOf } from './log';

/** What a clean-up knows of one image whose disk is in the registry. */
interface Candidate {
  readonly digest: string;
  /** When it was stored, milliseconds since the epoch. */
  readonly storedAt: number;
}

export interface Holdings {
  readonly images: readonly Candidate[];
  /** Every log of every image name. */
  readonly logs: readonly (readonly ChannelEntry[])[];
  /** Digests. */
  readonly pins: readonly string[];
  /** Digests that machines were reported to boot from, each with who reports. */
  readonly uses: readonly { readonly digest: string; readonly cluster: string }[];
}

export interface KeepPolicy {
  /** How many of a channel's last entries, and of the images that rollbacks go back to, are kept. */
  readonly history: number;
  /** Milliseconds: what was stored later than so long ago is kept. */
  readonly youngerThan: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

interface Kept {
  readonly digest: string;
  /** At least one. */
  readonly why: readonly string[];
}

export interface KeepPlan {
  readonly keep: readonly Kept[];
  /** Digests, sorted. */
  readonly remove: readonly string[];
}

/** Digest -> why a channel still reaches it. */
function reachedBy(log: readonly ChannelEntry[], history: number): ReadonlyMap<string, string> {
  const channel = log[0]?.channel ?? '';
  const reached = new Map<string, string>();
  // The present one is the last of both.
  for (const digest of wayOf(log).slice(-1 - history)) reached.set(digest, `a rollback of ${channel}`);
  for (const { digest, sequence } of log.slice(-history))
    reached.set(digest, `entry ${sequence} of ${channel}`);
  const head = headOf(log);
  if (head !== undefined) reached.set(head, `channel ${channel}`);
  return reached;
}

/** Pure: which images stay, and why; what nothing reaches goes. */
export function planKeep(
  { images, logs, pins, uses }: Holdings,
  { history, youngerThan, now }: KeepPolicy,
): KeepPlan {
  const reached = logs.map((log) => reachedBy(log, history));
  const keep: Kept[] = [];
  const remove: string[] = [];
  for (const { digest, storedAt } of images) {
    const why = [
      ...reached.flatMap((each) => each.get(digest) ?? []),
      ...(pins.includes(digest) ? ['a pin'] : []),
      ...uses.filter((use) => use.digest === digest).map(({ cluster }) => `machines of ${cluster}`),
      ...(now - storedAt < youngerThan ? [`stored ${new Date(storedAt).toISOString().slice(0, 10)}`] : []),
    ];
    if (why.length === 0) remove.push(digest);
    else keep.push({ digest, why });
  }
  return { keep, remove: remove.sort() };
}

/** A mark or channel, and the image that it names. */
interface Named {
  readonly where: string;
  readonly digest: string;
}

/**
 * Pure: what names an image that the listing of images lacks. A listing that lacks one of these is not to be
 * believed about any other image either, so a clean-up removes nothing then.
 * @param listed whether the listing has the image's record; a removed image keeps its record.
 */
export const planMissing = (named: readonly Named[], listed: (digest: string) => boolean): readonly Named[] =>
  named.filter(({ digest }) => !listed(digest));
