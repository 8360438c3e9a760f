import type { ChannelEntry } from '../../../contracts/channel';
import { KilnError } from '../../../errors';
import type { RegistryHome } from '../../../registry/home';
import { shortDigest } from '../../../registry/errors';
import { type Effects, patience } from '../effects';
import { persist } from '../persist';
import { readPublications, recordPublication } from '../../publications';
import { standing } from '../standing';
import { deleteSnapshot } from './upload';

/** An AMI that goes, and its snapshot with it. */
export interface Withdrawal {
  readonly digest: string;
  readonly region: string;
  readonly ami: string;
  readonly snapshot: string;
  /** Accounts that have it: their launches fail from then on. */
  readonly accounts: readonly string[];
}

/**
 * What taking an image back from AWS would do. Machines that run keep running; nothing can be launched of it again.
 * @param regions only these; default: all.
 * @throws KilnError `image-in-channel` when a channel points at it.
 */
export async function planWithdrawal(
  home: RegistryHome,
  digest: string,
  logs: ReadonlyMap<string, readonly ChannelEntry[]>,
  regions?: readonly string[],
): Promise<readonly Withdrawal[]> {
  const channels = [...logs].filter(([, log]) => log.at(-1)?.digest === digest).map(([channel]) => channel);
  if (channels.length > 0) {
    throw new KilnError({
      code: 'image-in-channel',
      what: `refusing to withdraw ${shortDigest(digest)}: it is in use by ${channels.length === 1 ? 'channel' : 'channels'} ${channels.join(' and ')}`,
      hint: 'promote another image or roll back first',
      exitCode: 1,
    });
  }
  return standing(await readPublications(home, digest))
    .filter(({ published }) => regions?.includes(published.region) !== false)
    .map(({ published: { region, ami, snapshot }, accounts }) => ({
      digest,
      region,
      ami,
      snapshot,
      accounts,
    }));
}

/** Deregisters AMIs and deletes their snapshots; what is gone already is no error, so that it can be done again. */
export async function withdraw(
  effects: Effects,
  home: RegistryHome,
  plan: readonly Withdrawal[],
  by: string,
): Promise<void> {
  for (const { digest, region, ami, snapshot } of plan) {
    effects.tell({ event: 'started', step: 'withdraw', region, detail: ami });
    await persist(
      `deregistering ${ami}`,
      () => effects.images(region).deregister(ami),
      patience(effects, region, 'withdraw'),
    ).catch((error: unknown) => {
      if (!(error instanceof KilnError && error.code === 'aws-missing')) throw error;
    });
    await deleteSnapshot(effects, region, snapshot);
    await recordPublication(home, {
      version: 1,
      to: 'aws',
      event: 'withdrawn',
      digest,
      region,
      ami,
      by,
      at: new Date(effects.pause.now()).toISOString(),
    });
  }
}
