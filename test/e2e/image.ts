import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MANIFEST } from '../../factory/contracts/manifest';
import { ImageRecord } from '../../factory/contracts/record';

export interface BakedImage {
  /** Holds image.raw and record.json. */
  readonly folder: string;
  readonly record: ImageRecord;
}

/**
 * The image that the end-to-end tests work on: baked from this checkout by setup.ts, or the one in the
 * folder KILN_TEST_IMAGE. Without root there is none, and what needs it is skipped with this reason.
 */
export function bakedImage(): BakedImage | string {
  const folder = process.env['KILN_TEST_IMAGE'];
  if (folder === undefined || process.getuid?.() !== 0) return 'needs root';
  const record = ImageRecord.parse(JSON.parse(readFileSync(join(folder, 'record.json'), 'utf8')));
  return { folder, record };
}

/**
 * Gives a project a registry that knows the image, and the bake itself: no disk is stored or copied.
 * @returns the registry's folder, relative to the project.
 */
export function placeImage(project: string, { folder, record }: BakedImage): string {
  const hex = record.digest.slice('sha256:'.length);
  const stored = join(project, 'registry/images', hex);
  mkdirSync(stored, { recursive: true });
  writeFileSync(join(project, 'registry/registry.json'), '{"version":2}\n');
  copyFileSync(join(folder, 'record.json'), join(stored, 'record.json'));
  execFileSync('zstd', ['-q', join(folder, MANIFEST), '-o', join(stored, `${MANIFEST}.zst`)]);
  mkdirSync(join(project, '.kiln/images'), { recursive: true });
  symlinkSync(folder, join(project, '.kiln/images', hex));
  return 'registry';
}
