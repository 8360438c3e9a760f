import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ImageRecord } from '../contracts/record';
import type { Verdict } from '../contracts/verdict';
import { KilnError } from '../errors';

/** What is to be booted, wherever it lies. */
export interface Subject {
  readonly disk: string;
  readonly record: ImageRecord;
  /** Folder that gets the verdict and the console's log: that of the record on this machine. */
  readonly folder: string;
  /** Where the registry keeps the image, the verdict goes there as well. */
  readonly keep?: (verdict: Verdict) => Promise<void>;
}

function readRecord(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * An image by the path of its disk or its folder; undefined when the word is no path.
 * @throws KilnError `no-record`, `record-invalid`.
 */
export function subjectAt(word: string): Subject | undefined {
  if (!existsSync(word)) return undefined;
  const path = resolve(word);
  const disk = statSync(path).isDirectory() ? join(path, 'image.raw') : path;
  const folder = dirname(disk);
  const file = join(folder, 'record.json');
  if (!existsSync(disk) || !existsSync(file)) {
    throw new KilnError({
      code: 'no-record',
      what: `${folder} does not hold an image: image.raw and record.json stand side by side`,
      hint: 'kiln bake makes one; kiln images lists what there is',
      exitCode: 2,
    });
  }
  const parsed = ImageRecord.safeParse(readRecord(file));
  if (!parsed.success) {
    throw new KilnError({
      code: 'record-invalid',
      what: `${file} is no record of an image`,
      faults: parsed.error.issues.map((issue) => ({ where: issue.path.join('.'), what: issue.message })),
      hint: 'bake it again',
    });
  }
  return { disk, record: parsed.data, folder };
}
