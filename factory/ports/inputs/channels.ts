import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHANNEL_ALIAS } from '../../contracts/conda';
import { KilnError } from '../../errors';
import { ChannelCredentials } from './channel-credentials';
import { serveChannel } from './channel-proxy';
import { serveFolder, type FolderServer } from './channel-server';
import type { Http } from './http';
import { hostHttp } from './http-host';

/** conda channels by the name that environment.yml gives them. */
export interface Channels {
  /**
   * Address without a trailing slash and without a credential: a folder, and a channel that wants a credential, is
   * served on loopback for it.
   * @throws KilnError `no-channel` when the folder that should hold it is not there, or a variable of its address is
   * not set; `bad-credentials`.
   */
  base(name: string): Promise<string>;
  /** Stops the servers. */
  close(): Promise<void>;
}

/**
 * @param root the project's folder, which folders in `mapped` are relative to.
 * @param mapped factory.yaml's conda.channels: a folder, an address with `${VARIABLE}` in it, or file://.
 */
export function openChannels(
  root: string,
  mapped: Readonly<Record<string, string>>,
  credentials: ChannelCredentials = new ChannelCredentials(),
  http: Http = hostHttp,
): Channels {
  const servers = new Map<string, Promise<FolderServer>>();
  const served = async (key: string, start: () => Promise<FolderServer>): Promise<string> => {
    const server = servers.get(key) ?? start();
    servers.set(key, server);
    return (await server).url;
  };
  return {
    async base(name) {
      const target = mapped[name] ?? `${CHANNEL_ALIAS}/${name}`;
      if (target.includes('://') && !target.startsWith('file:')) {
        const address = credentials.expand(name, target).replace(/\/+$/, '');
        const known = credentials.of(address);
        return known === undefined
          ? address
          : served(address, () => serveChannel(known.address, known.credential, http));
      }
      const folder = target.startsWith('file:') ? fileURLToPath(target) : resolve(root, target);
      if (statSync(join(folder, 'noarch', 'repodata.json'), { throwIfNoEntry: false }) === undefined) {
        throw new KilnError({
          code: 'no-channel',
          what: `the conda channel ${name} is not there: ${folder} has no noarch/repodata.json`,
          hint: 'the running example makes its own: tools/conda-channel/make; else set conda.channels in factory.yaml to an address',
        });
      }
      return served(folder, () => serveFolder(folder));
    },
    async close() {
      const open = [...servers.values()];
      servers.clear();
      await Promise.allSettled(open.map(async (server) => (await server).close()));
    },
  };
}
