import type { ChannelEntry } from '../contracts/channel';
import { publicationsOn } from '../contracts/publication';
import { KilnError } from '../errors';
import type { RegistryHome } from '../registry/home';
import { shortDigest } from '../registry/errors';
import type { Platform, Request, Withdrawal } from './platform';
import { readPublications } from './publications';

/**
 * What taking an image back from a platform would do. Machines that run keep running; nothing can be started from it
 * again.
 * @param request only in its places; default: everywhere.
 * @throws KilnError `image-in-channel` when a channel points at it.
 */
export async function planWithdrawal(
  home: RegistryHome,
  digest: string,
  logs: ReadonlyMap<string, readonly ChannelEntry[]>,
  platform: Platform,
  request?: Request,
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
  const publications = publicationsOn(await readPublications(home, digest), platform.name);
  return platform.standing(publications, request);
}
