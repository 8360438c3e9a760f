import { join } from 'node:path';
import type { Project } from '../project';
import { openChannels } from '../ports/inputs/channels';
import { hostClock } from '../ports/machine/clock';
import { ContentStore } from '../files/content-store';
import { hostExec } from '../ports/machine/exec-host';
import { hostHttp } from '../ports/inputs/http-host';
import { hostMirrors } from '../ports/inputs/mirrors-host';
import { readSpec } from '../spec/read';
import { BucketInputs } from '../ports/inputs/kept-inputs-bucket';
import { DirectoryInputs } from '../ports/inputs/kept-inputs-directory';
import { INPUTS, type KeptInputs } from '../ports/inputs/kept-inputs';
import { openRegistryBucket } from '../ports/objects/registry-bucket';
import { ContentVault } from './content-vault';
import { JudgedFolder, rulesVersion } from './inspect/judged';
import { Locator, snapshotUrl } from './locate';
import { HttpSource, KeptSource, Sources, type Source } from './sources';
import type { Vault } from './vault';

export type { Vault } from './vault';
export { admit } from './inspect';

export interface VaultOptions {
  /** Nothing is asked of any registry. */
  readonly offline?: boolean;
  /** The lock's, in seconds: by it the suite's archive is asked for what mirrors dropped. */
  readonly epoch?: number;
}

const vaultFolder = (project: Project): string => join(project.cache, 'vault');

/** The files of the user's cache. */
export const openStore = (project: Project): ContentStore => new ContentStore(vaultFolder(project));

/** Where this project's registry keeps inputs. */
export function openKept(project: Project): KeptInputs {
  const { registry } = readSpec(project).spec;
  return typeof registry === 'string'
    ? new DirectoryInputs(join(project.root, registry, INPUTS))
    : new BucketInputs(openRegistryBucket(project.root, registry), `${registry.address}/${INPUTS}`);
}

/**
 * The vault of the user's cache. What it lacks comes from the mirrors that this machine's clients use; what
 * they dropped from what the registry keeps, which is near and the team's own, before the public archive.
 */
export function openVault(project: Project, options: VaultOptions = {}): Vault {
  const channels = openChannels(project.root, readSpec(project).spec.conda.channels);
  const locator = new Locator(hostHttp, hostMirrors(hostExec), channels);
  const { epoch } = options;
  const archive = process.env['KILN_MIRROR_SNAPSHOT'];
  const places: readonly Source[] = [
    new HttpSource('the mirror', hostHttp, (input) => locator.url(input)),
    new KeptSource(openKept(project)),
    ...(epoch === undefined
      ? []
      : [
          new HttpSource("Debian's archive", hostHttp, (input) =>
            Promise.resolve(snapshotUrl(input, epoch, archive)),
          ),
        ]),
  ];
  const offline = options.offline ?? false;
  return new ContentVault({
    store: openStore(project),
    sources: new Sources(offline ? places.filter((place) => !place.remote) : places),
    channels,
    clock: hostClock,
    judged: new JudgedFolder(join(vaultFolder(project), 'judged'), rulesVersion(project.home)),
    offline,
  });
}
