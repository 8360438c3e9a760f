import { statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { KilnError } from '../../errors';
import { serveFolder, type FolderServer } from './channel-server';

/** Where conda's own clients look for a channel that has only a name (conda's `channel_alias`). */
const ALIAS = 'https://conda.anaconda.org';

/** conda channels by the name that environment.yml gives them. */
export interface Channels {
  /**
   * Address without a trailing slash; a folder's is that of a loopback server started for it.
   * @throws KilnError `no-channel` when the folder that should hold it is not there.
   */
  base(name: string): Promise<string>;
  /** Stops the servers. */
  close(): Promise<void>;
}

/**
 * @param root the project's folder, which folders in `mapped` are relative to.
 * @param mapped factory.yaml's conda.channels.
 */
export function openChannels(root: string, mapped: Readonly<Record<string, string>>): Channels {
  const servers = new Map<string, Promise<FolderServer>>();
  return {
    async base(name) {
      const target = mapped[name] ?? (name.includes('://') ? name : `${ALIAS}/${name}`);
      if (target.includes('://')) return target.replace(/\/+$/, '');
      const folder = isAbsolute(target) ? target : join(root, target);
      if (statSync(join(folder, 'noarch', 'repodata.json'), { throwIfNoEntry: false }) === undefined) {
        throw new KilnError({
          code: 'no-channel',
          what: `the conda channel ${name} is not there: ${folder} has no noarch/repodata.json`,
          hint: 'the running example makes its own: tools/conda-channel/make; else set conda.channels in factory.yaml to an address',
        });
      }
      const server = servers.get(folder) ?? serveFolder(folder);
      servers.set(folder, server);
      return (await server).url;
    },
    async close() {
      const open = [...servers.values()];
      servers.clear();
      await Promise.allSettled(open.map(async (server) => (await server).close()));
    },
  };
}
