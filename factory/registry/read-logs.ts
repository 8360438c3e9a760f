import pLimit from 'p-limit';
import type { ChannelEntry } from '../contracts/channel';
import type { RegistryHome } from './home';
import { CHANNELS, channelFolder, channelsFolder } from './layout';
import { checkLog } from './log';

/** Documents read from a registry at a time. */
export const READS = 16;

/** Every log of one image name: channel -> entries, oldest first. */
export async function readLogs(
  home: RegistryHome,
  image: string,
  isKnown: (digest: string) => boolean,
): Promise<ReadonlyMap<string, readonly ChannelEntry[]>> {
  const names = new Map<string, string[]>();
  for await (const { key } of home.walk(channelsFolder(image))) {
    const [, , channel = '', ...rest] = key.split('/');
    const list = names.get(channel) ?? [];
    list.push(rest.join('/'));
    names.set(channel, list);
  }
  const limit = pLimit(READS);
  const logs = new Map<string, readonly ChannelEntry[]>();
  for (const [channel, entries] of [...names].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const folder = channelFolder(image, channel);
    const files = await Promise.all(
      entries.map((name) =>
        limit(async () => ({ name, text: (await home.read(`${folder}/${name}`)) ?? '' })),
      ),
    );
    logs.set(channel, checkLog(image, channel, files, isKnown));
  }
  return logs;
}

/** Every log there is: image name -> channel -> entries, oldest first. */
export async function readAllLogs(
  home: RegistryHome,
  isKnown: (digest: string) => boolean,
): Promise<ReadonlyMap<string, ReadonlyMap<string, readonly ChannelEntry[]>>> {
  const all = new Map<string, ReadonlyMap<string, readonly ChannelEntry[]>>();
  for (const image of await home.list(CHANNELS)) all.set(image, await readLogs(home, image, isKnown));
  return all;
}
