import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Testing } from 'cdktf';
import type { App } from 'cdktf';
import { PROJECT_CONTEXT } from '../../modules/project';
import { apply, planPromotion } from '../../factory/registry/channel';
import { WHO, bake, newPlace, verdictOf } from '../factory/registry/support';
import type { Place } from '../factory/registry/support';

const ROOT = resolve(__dirname, '../..');

export interface ProjectPlace extends Place {
  /** Puts a "disk" into a channel. @returns its digest. */
  promote(disk: string, channel?: string): Promise<string>;
  app(): App;
}

/** A project like this repository's own, with an empty registry. */
export async function newProject(): Promise<ProjectPlace> {
  const place = newPlace();
  for (const file of ['factory.yaml', 'environment.yml']) cpSync(join(ROOT, file), join(place.root, file));
  mkdirSync(join(place.root, 'jobs'));
  writeFileSync(join(place.root, 'jobs', 'pyproject.toml'), '');
  await place.home.init();
  return {
    ...place,
    promote: async (disk, channel = 'production') => {
      const digest = bake(place.settings.bakes, disk, { verdicts: [verdictOf(disk)] });
      await apply(place.home, await planPromotion(place.home, place.settings, digest, channel), WHO);
      return digest;
    },
    app: () =>
      Testing.app({ outdir: join(place.root, 'cdktf.out'), context: { [PROJECT_CONTEXT]: place.root } }),
  };
}
