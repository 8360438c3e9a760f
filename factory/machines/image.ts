import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { LaunchGroup } from '../contracts/launch';
import { MANIFEST } from '../contracts/manifest';
import { KilnError } from '../errors';
import { DISK, imageFolder } from '../registry/layout';
import { resolveDigest } from '../registry/read';
import type { MachineImage } from './driver';

/**
 * Finds a group's image in the registry. Nothing is hashed here: that was done when it was stored.
 * @throws KilnError `no-registry`, `image-not-stored`, `registry-damaged`.
 */
export async function findImage(root: string, group: LaunchGroup): Promise<MachineImage> {
  const registry = resolve(root, group.registry);
  const { digest, record } = resolveDigest(registry, group.image.digest);
  const [raw, manifest] = [DISK, MANIFEST].map((name) => join(registry, imageFolder(digest), name)) as [
    string,
    string,
  ];
  const damaged = (what: string, hint: string): KilnError =>
    new KilnError({ code: 'registry-damaged', what: `${raw}: ${what}`, hint });
  const again = 'store it again: kiln bake, then kiln promote';
  if (record.contentId !== group.image.contentId) {
    throw damaged(
      `has the content ${record.contentId}, the plan says ${group.image.contentId}`,
      'make a new plan: cdktf deploy',
    );
  }
  const size = await stat(raw).then(
    (found) => found.size,
    () => undefined,
  );
  if (size !== record.size) {
    throw damaged(
      size === undefined ? 'is missing' : `has ${String(size)} bytes, its record says ${String(record.size)}`,
      again,
    );
  }
  if (!existsSync(manifest)) throw damaged(`its ${MANIFEST} is missing`, again);
  const root_ = record.partitions.find(({ name }) => name === 'root');
  if (root_ === undefined) throw damaged('its record names no root partition', again);
  return { digest, raw, manifest, root: { start: root_.start, size: root_.size } };
}
