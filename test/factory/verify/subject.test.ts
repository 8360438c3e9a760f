import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { subjectAt } from '../../../factory/verify/subject';

const RECORD = {
  version: 1,
  image: 'trial',
  digest: `sha256:${'d'.repeat(64)}`,
  size: 1,
  contentId: `sha256:${'c'.repeat(64)}`,
  lock: `sha256:${'e'.repeat(64)}`,
  layers: [],
  manifest: `sha256:${'d'.repeat(64)}`,
  partitions: [],
  rootHash: 'e'.repeat(64),
  versions: {},
  parents: [],
  bakedBy: { kiln: '0' },
};

describe('an image named by a path', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-subject-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('is found by its folder and by its disk', () => {
    writeFileSync(join(folder, 'image.raw'), 'x');
    writeFileSync(join(folder, 'record.json'), JSON.stringify(RECORD));
    for (const path of [folder, join(folder, 'image.raw')]) {
      expect(subjectAt(path)).toEqual({ disk: join(folder, 'image.raw'), record: RECORD, folder });
    }
  });

  it('is none where there is no such path', () => {
    expect(subjectAt(join(folder, 'none'))).toBeUndefined();
  });

  it('is wrong use where disk and record do not stand side by side', () => {
    writeFileSync(join(folder, 'image.raw'), 'x');
    expect(() => subjectAt(folder)).toThrow(
      expect.objectContaining({ code: 'no-record', exitCode: 2 }) as Error,
    );
  });

  it.each([
    ['no JSON', '{'],
    ['too little', '{"version":1}'],
  ])('is refused with a record of %s', (_, text) => {
    writeFileSync(join(folder, 'image.raw'), 'x');
    writeFileSync(join(folder, 'record.json'), text);
    expect(() => subjectAt(folder)).toThrow(expect.objectContaining({ code: 'record-invalid' }) as Error);
  });
});
