import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { LaunchGroup } from '../contracts/launch';
import { MANIFEST } from '../contracts/manifest';
import { KilnError } from '../errors';
import type { Project } from '../project';
import { DirectoryHome } from '../registry/directory';
import type { RegistryHome } from '../registry/home';
import { DISK, hexOf } from '../registry/layout';
import { materialise, type MaterialiseOptions } from '../registry/materialise';
import { openHome } from '../registry/open';
import { registrySettings } from '../registry/project';
import { digestFrom } from '../registry/resolve';
import type { MachineImage } from './driver';

/** The registry that the plan was made from; how a bucket is reached stands in factory.yaml. */
export function registryOf(project: Project, { registry }: LaunchGroup): RegistryHome {
  if (!registry.startsWith('s3://')) return new DirectoryHome(resolve(project.root, registry));
  const settings = registrySettings(project);
  if (settings.registryPath === registry) return openHome(settings);
  throw new KilnError({
    code: 'registry-moved',
    what: `the plan names the registry ${registry}, factory.yaml ${settings.registryPath}`,
    hint: 'make a new plan: cdktf deploy',
    exitCode: 1,
  });
}

/**
 * Finds a group's image in the registry and brings it to this machine, where it is not yet: verified chunk by
 * chunk, then kept in the user's cache.
 * @throws KilnError `no-registry`, `image-not-stored`, `image-revoked`, `registry-damaged`.
 */
export async function imageOnDisk(
  project: Project,
  group: LaunchGroup,
  options: Pick<MaterialiseOptions, 'onProgress' | 'onWait'> = {},
): Promise<MachineImage> {
  const home = registryOf(project, group);
  const { digest, record } = await digestFrom(home, group.image.digest);
  const damaged = (what: string, hint: string): KilnError =>
    new KilnError({ code: 'registry-damaged', what: `${digest}: ${what}`, hint });
  if (record.contentId !== group.image.contentId) {
    throw damaged(
      `has the content ${record.contentId}, the plan says ${group.image.contentId}`,
      'make a new plan: cdktf deploy',
    );
  }
  const root = record.partitions.find(({ name }) => name === 'root');
  const again = 'store it again: kiln bake, then kiln promote';
  if (root === undefined) throw damaged('its record names no root partition', again);
  const bake = join(project.state, 'images', hexOf(digest));
  const folder = await materialise(home, record, { cache: project.cache, bake, ...options });
  const manifest = join(folder, MANIFEST);
  if (!existsSync(manifest)) throw damaged(`its ${MANIFEST} is missing`, again);
  return { digest, raw: join(folder, DISK), manifest, root: { start: root.start, size: root.size } };
}
