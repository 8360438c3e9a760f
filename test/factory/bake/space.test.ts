import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { asNoSpace, requireSpace, spaceNeeds } from '../../../factory/bake/space';
import { KilnError } from '../../../factory/errors';

const folder = mkdtempSync(join(tmpdir(), 'kiln-space-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const need = (bytes: number, what = 'layers') => ({ folder, bytes, what });
const caught = (work: () => void): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
};

test('what fits is not refused', () => {
  requireSpace([need(1)]);
});

test('what does not fit is refused with how much is needed for what, and where', () => {
  const error = caught(() => {
    requireSpace([need(1e18), need(2e9, 'the image')]);
  });
  expect(error).toBeInstanceOf(KilnError);
  const { code, faults } = error as KilnError;
  expect(code).toBe('no-space');
  expect(faults).toHaveLength(1);
  expect(faults[0]?.where).toBe(folder);
  expect(faults[0]?.what).toMatch(
    /^888 PiB needed \(888 PiB for layers, 1\.9 GiB for the image\), .* GiB free$/,
  );
});

test.each([
  ['a program that said so in the log', new Error('exit code 2'), 'tar: x: No space left on device'],
  ['Node itself', new Error('ENOSPC: no space left on device, write'), ''],
  ['a full quota', new Error('EDQUOT: disk quota exceeded'), ''],
])('the disk that filled up in the middle is named: %s', (_, error, log) => {
  const named = asNoSpace(error, log, [need(5e9)]);
  expect(named).toMatchObject({ code: 'no-space', exitCode: 3, cause: error });
  expect((named as KilnError).faults[0]?.what).toContain('4.7 GiB needed');
});

test('another failure stays what it is', () => {
  const error = new Error('exit code 1');
  expect(asNoSpace(error, 'a spaceship left on device', [need(1)])).toBe(error);
});

test('a layer in the cache needs no space of its own but in the image', () => {
  const declared = { name: 'os', growth: { perInput: 3, beside: 0 }, sees: [] };
  const layers = [{ declared, inputs: 100, built: 300 }];
  expect(spaceNeeds({ cache: '/c', state: '/s', atOnce: 2, missing: 0, layers })).toEqual([
    { folder: '/s', bytes: 375, what: 'the image' },
  ]);
});

test('as many trees as are built at once are there beside the tars', () => {
  const declared = { name: 'os', growth: { perInput: 3, beside: 1 }, sees: [] };
  const layers = [100, 200, 300].map((inputs) => ({ declared, inputs, built: undefined }));
  const needed = (atOnce: number): number | undefined =>
    spaceNeeds({ cache: '/c', state: '/s', atOnce, missing: 0, layers }).find(({ what }) => what === 'layers')
      ?.bytes;
  const mib = 1 << 20;
  expect(needed(1)).toBe(1800 + 3 * mib + 2 * (900 + mib));
  expect(needed(2)).toBe(1800 + 3 * mib + 2 * (900 + 600 + 2 * mib));
});
