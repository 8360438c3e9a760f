import { randomUUID } from 'node:crypto';
import type { ChannelEntry } from '../contracts/channel';
import type { ImageRecord } from '../contracts/record';
import { type InUse, Revocation } from '../contracts/registry';
import { KilnError } from '../errors';
import { findImage } from './find-image';
import { readAllLogs, readLogs } from './read-logs';
import { readCatalogue } from './catalogue';
import { readRevocation, readUses } from './read-marks';
import type { Telling } from './image-files';
import { noRegistry } from './errors';
import { withLease } from './lease';
import type { RegistryHome } from './home';
import { REVOKED, imageFolder } from './layout';
import { headOf, wayOf } from './log';
import { appendMove } from './move';
import type { RegistrySettings } from './project';
import { isStored } from './store-image';

interface Revoked {
  readonly digest: string;
  /** null for the image that was named. */
  readonly because: string | null;
  /** It was revoked before. */
  readonly already: boolean;
}

interface FallBack {
  readonly image: string;
  readonly channel: string;
  readonly from: string;
  /** null: the channel never pointed at an image that is still good. */
  readonly to: string | null;
}

export interface RevocationPlan {
  readonly digest: string;
  /** The image, then what was built upon it. */
  readonly revokes: readonly Revoked[];
  readonly channels: readonly FallBack[];
  /** Machines that were reported to boot from one of them. */
  readonly uses: readonly InUse[];
}

/** Pure: images built upon this one, at any remove. */
function descendants(records: Iterable<ImageRecord>, digest: string): readonly string[] {
  const all = [...records];
  const found = new Set([digest]);
  for (let before = 0; before < found.size;) {
    before = found.size;
    for (const record of all)
      if (record.parents.some((parent) => found.has(parent))) found.add(record.digest);
  }
  found.delete(digest);
  return [...found].sort();
}

/** Pure: where a channel goes when what it points at is revoked. */
const fallBackTarget = (
  log: readonly ChannelEntry[],
  good: (digest: string) => boolean,
): string | undefined => wayOf(log).findLast(good);

/** @throws KilnError `no-registry`, `image-not-stored`, and what findImage throws. */
export async function planRevocation(
  home: RegistryHome,
  settings: RegistrySettings,
  name: string,
): Promise<RevocationPlan> {
  if (!(await home.exists())) throw noRegistry(home.where);
  const catalogue = await readCatalogue(home, settings.image, settings.bakes);
  const target = findImage(catalogue, name);
  if (!target.stored) {
    throw new KilnError({
      code: 'image-not-stored',
      what: `image ${target.digest} is only baked here: no channel and no deployment can name it`,
      hint: `remove its folder, ${target.bake ?? ''}`,
      exitCode: 1,
    });
  }
  const stored = catalogue.images.filter((image) => image.stored);
  const records = [...stored.map(({ record }) => record), ...catalogue.removed.values()];
  const revoked = new Set(stored.filter((image) => image.revoked !== undefined).map(({ digest }) => digest));
  const revokes = [target.digest, ...descendants(records, target.digest)].map((digest, index) => ({
    digest,
    because: index === 0 ? null : target.digest,
    already: revoked.has(digest),
  }));
  const gone = new Set([...revoked, ...revokes.map(({ digest }) => digest)]);
  const good = new Set(stored.map(({ digest }) => digest).filter((digest) => !gone.has(digest)));
  const channels: FallBack[] = [];
  for (const [image, logs] of await readAllLogs(home, () => true)) {
    for (const [channel, log] of logs) {
      const from = headOf(log);
      if (from === undefined || !gone.has(from)) continue;
      channels.push({ image, channel, from, to: fallBackTarget(log, (digest) => good.has(digest)) ?? null });
    }
  }
  const uses = (await readUses(home)).filter(({ digest }) => revokes.some((each) => each.digest === digest));
  return { digest: target.digest, revokes, channels, uses };
}

type Who = Pick<ChannelEntry, 'by' | 'reason' | 'at'>;

/** Tries against others that move the same channel. */
const TRIES = 20;

/**
 * Points a channel whose image is revoked at its last good one; does nothing when it points at a good one.
 * @returns the entry; undefined when there was nothing to do, or nothing to fall back to.
 */
export async function fallBack(
  home: RegistryHome,
  image: string,
  channel: string,
  who: Who,
): Promise<ChannelEntry | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const log = (await readLogs(home, image, () => true)).get(channel) ?? [];
    const head = headOf(log);
    const isGood = async (digest: string): Promise<boolean> =>
      (await readRevocation(home, digest)) === undefined && (await isStored(home, digest));
    if (head === undefined || (await readRevocation(home, head)) === undefined) return undefined;
    let digest: string | undefined;
    for (const each of [...new Set(wayOf(log))].reverse()) {
      if (!(await isGood(each))) continue;
      digest = each;
      break;
    }
    if (digest === undefined) return undefined;
    try {
      return await appendMove(home, { image, channel, action: 'revoke', digest, ...who }, log.length);
    } catch (error) {
      // Somebody was first: perhaps to the same end.
      if (!(error instanceof KilnError) || error.code !== 'channel-moved' || attempt === TRIES) throw error;
    }
  }
}

/**
 * Revokes, then moves the channels: a promotion that comes in between sees the revocation.
 * @returns the entries by which channels fell back.
 */
export async function applyRevocation(
  home: RegistryHome,
  plan: RevocationPlan,
  who: Who,
  telling: Telling = {},
): Promise<readonly ChannelEntry[]> {
  return await withLease(home, `revokes image ${plan.digest}`, telling.onWait, async () => {
    for (const { digest, because } of plan.revokes) {
      const document = Revocation.parse({
        version: 1,
        digest,
        reason: who.reason,
        because,
        operation: randomUUID(),
        by: who.by,
        at: who.at,
      });
      await home.create(`${imageFolder(digest)}/${REVOKED}`, `${JSON.stringify(document, null, 2)}\n`);
    }
    const moved: ChannelEntry[] = [];
    for (const [image, logs] of await readAllLogs(home, () => true)) {
      for (const [channel, log] of logs) {
        const head = headOf(log);
        if (head === undefined || (await readRevocation(home, head)) === undefined) continue;
        const entry = await fallBack(home, image, channel, { ...who, reason: `revoked: ${who.reason}` });
        if (entry !== undefined) moved.push(entry);
      }
    }
    return moved;
  });
}
