import { randomUUID } from 'node:crypto';
import { ChannelEntry } from '../contracts/channel';
import { KilnError } from '../errors';
import { lostRace } from './errors';
import type { RegistryHome } from './home';
import { channelFolder, entryName } from './layout';
import { parseOrThrow } from './log';

export interface Move {
  readonly image: string;
  readonly channel: string;
  readonly action: ChannelEntry['action'];
  readonly digest: string;
  readonly by: string;
  readonly reason: string;
  /** RFC 3339, UTC. */
  readonly at: string;
  /** Gates that did not hold, and for which `reason` answers. */
  readonly overrides?: ChannelEntry['overrides'];
}

/**
 * Appends one entry after the `seen` ones that the plan was made from. Exactly one of any number of
 * writers that saw the same log wins. Whether it was this one is read back, never assumed: with an
 * object store the answer to a successful write can get lost.
 * @throws KilnError `channel-moved`, saying who won.
 */
export async function appendMove(home: RegistryHome, move: Move, seen: number): Promise<ChannelEntry> {
  const entry: ChannelEntry = ChannelEntry.parse({
    version: 1,
    image: move.image,
    channel: move.channel,
    sequence: seen + 1,
    action: move.action,
    digest: move.digest,
    operation: randomUUID(),
    by: move.by,
    reason: move.reason,
    at: move.at,
    ...(move.overrides === undefined || move.overrides.length === 0 ? {} : { overrides: move.overrides }),
  });
  const key = `${channelFolder(move.image, move.channel)}/${entryName(entry.sequence)}`;
  if (await home.create(key, `${JSON.stringify(entry, null, 2)}\n`)) return entry;
  const text = await home.read(key);
  if (text === undefined) {
    throw new KilnError({
      code: 'registry-unfit',
      what: `${home.where}: ${key} could neither be created nor read`,
    });
  }
  const winner = parseOrThrow(ChannelEntry, text, key);
  if (winner.operation === entry.operation) return entry;
  throw lostRace(winner);
}
