import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Digest } from '../contracts/digest';
import { ImageRecord } from '../contracts/record';
import { CONTENTS } from '../disk/previous-image';
import type { Project } from '../project';
import { treeDigest } from '../layers/tree-digest';
import type { PlannedLayer } from '../layers/plan';

const Baked = z.strictObject({ version: z.literal(1), digest: Digest });

/** Everything the disk is a function of: the layers, the lock (its tools) and the code that puts them together. */
export async function assemblyKey(plan: readonly PlannedLayer[], lockDigest: string): Promise<string> {
  const code = await Promise.all(
    ['disk', 'layers'].map(async (stage) => await treeDigest(join(__dirname, '..', stage))),
  );
  return createHash('sha256')
    .update(JSON.stringify(['kiln disk 2', plan.map(({ name, own }) => [name, own]), lockDigest, code]))
    .digest('hex');
}

const file = (project: Project, key: string): string => join(project.state, 'bakes', `${key}.json`);

/** The image that a bake of this key gave, if it is still here, whole by its size and not found to be damaged. */
export function bakedBefore(
  project: Project,
  key: string,
): { record: ImageRecord; folder: string } | undefined {
  if (!existsSync(file(project, key))) return undefined;
  try {
    const { digest } = Baked.parse(JSON.parse(readFileSync(file(project, key), 'utf8')));
    const folder = join(project.state, 'images', digest.replace('sha256:', ''));
    const record = ImageRecord.parse(JSON.parse(readFileSync(join(folder, 'record.json'), 'utf8')));
    const isWhole = statSync(join(folder, 'image.raw')).size === record.size && record.digest === digest;
    return isWhole && existsSync(join(folder, CONTENTS)) ? { record, folder } : undefined;
  } catch {
    return undefined;
  }
}

export function rememberBake(project: Project, key: string, digest: string): void {
  const target = file(project, key);
  mkdirSync(join(project.state, 'bakes'), { recursive: true });
  writeFileSync(`${target}.tmp`, `${JSON.stringify({ version: 1, digest })}\n`);
  renameSync(`${target}.tmp`, target);
}
