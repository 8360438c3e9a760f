import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { assemblyKey } from '../bake/index-file';
import { Name } from '../contracts/digest';
import type { Lock } from '../contracts/lock';
import { planLayers } from '../layers/plan';
import type { Project } from '../project';
import type { LayerNow } from './change';

const Parts = z.array(
  z.object({
    own: z.string(),
    parts: z.object({
      name: Name,
      recipe: z.string(),
      inputs: z.record(z.string(), z.string()),
      sources: z.record(z.string(), z.string()),
      sees: z.record(z.string(), z.string()),
      epoch: z.number(),
    }),
  }),
);

export const layersNow = async (project: Project, lock: Lock, code: string): Promise<readonly LayerNow[]> =>
  (await planLayers(project, lock, code)).map(({ own, parts }) => ({ own, parts }));

/** The layers of an earlier night, from the file that it left. */
export const layersThen = (file: string): readonly LayerNow[] =>
  Parts.parse(JSON.parse(readFileSync(file, 'utf8')));

export const layersFile = (folder: string): string => join(folder, 'layers.json');

const chosen = { value: '', reason: '' };
/** A lock that pins nothing: what is left of a bake's key is what is not locked. */
const NOTHING: Lock = {
  version: 1,
  image: '',
  spec: '',
  epoch: 1,
  choices: {
    spark: chosen,
    debian: chosen,
    java: chosen,
    scala: chosen,
    python: chosen,
    hadoop: chosen,
    sdk: chosen,
    committer: chosen,
    s3a: { value: 'shipped', reason: '' },
    jars: { value: 'full', reason: '' },
    sdkClasses: { value: 'full', reason: '' },
    classData: { value: 'none', reason: '' },
  },
  condaWithout: [],
  inputs: [],
};

/** Digest of everything of a bake that is not in the lock: recipes, code package, and the code that bakes. */
export async function sourcesDigest(project: Project, code: string): Promise<string> {
  return `sha256:${await assemblyKey(await planLayers(project, NOTHING, code), '')}`;
}
