import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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
