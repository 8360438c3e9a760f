import { join } from 'node:path';
import type { Project } from '../project';
import { openChannels } from '../ports/channels';
import { hostClock } from '../ports/clock';
import { ContentStore } from '../ports/content-store';
import { hostExec } from '../ports/exec-host';
import { hostHttp } from '../ports/http-host';
import { hostMirrors } from '../ports/mirrors-host';
import { readSpec } from '../spec/read';
import { ContentVault } from './content-vault';
import { Locator } from './locate';
import type { Vault } from './vault';

export type { FetchProgress, Vault } from './vault';
export { fileName } from './file-name';

export interface VaultOptions {
  /** Nothing is asked of any registry. */
  readonly offline?: boolean;
}

/** The vault of the user's cache; conda channels and mirrors as this project and machine name them. */
export function openVault(project: Project, options: VaultOptions = {}): Vault {
  const store = new ContentStore(join(project.cache, 'vault'));
  const channels = openChannels(project.root, readSpec(project).spec.conda.channels);
  const locator = new Locator(hostHttp, hostMirrors(hostExec), channels);
  return new ContentVault({
    store,
    http: hostHttp,
    locator,
    channels,
    clock: hostClock,
    offline: options.offline ?? false,
  });
}
