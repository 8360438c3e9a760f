import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BLOCK, blocksOf } from '../../../factory/disk/erofs';
import { CHUNK } from '../../../factory/disk/read-ahead';
import { fillOf, gapsOf, OWN_HOLES, runsOf, type Segment } from '../../../factory/disk/segments';
import { doTask } from '../../../factory/disk/tasks';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-fill-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const MIB = 1024 * 1024;
/** Bytes of the disk, and of the previous image. */
const SIZE = 3 * CHUNK;

/** Stretches that begin where blocks do, with zeros between them: some far apart, some so close that they are read as one. */
const segments: fc.Arbitrary<Segment[]> = fc
  .array(
    fc.record({
      gap: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(MIB / BLOCK)),
      size: fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 2 * CHUNK })),
      from: fc.oneof(fc.constantFrom('disk', 'holes', 'same offset'), fc.nat(SIZE / BLOCK)),
    }),
    { maxLength: 40 },
  )
  .map((drawn) => {
    const found: Segment[] = [];
    let at = 0;
    for (const { gap, size, from } of drawn) {
      const start = (blocksOf(at) + gap) * BLOCK;
      if (start + size > SIZE) break;
      const offset = from === 'same offset' ? start : typeof from === 'number' ? from * BLOCK : from;
      if (offset === 'holes') found.push({ start, size, isHoles: true });
      else if (offset === 'disk') found.push({ start, size });
      else if (offset + size <= SIZE) found.push({ start, size, from: offset });
      else continue;
      at = start + size;
    }
    return found;
  });

describe('a disk that is filled from another', () => {
  const noise = createHash('shake256', { outputLength: 2 * SIZE }).digest();
  const [previous, own] = [noise.subarray(0, SIZE), noise.subarray(SIZE)];

  it('has what was written, what is taken, and zeros, and its sha256 is counted on the way', async () => {
    await fc.assert(
      fc.asyncProperty(segments, async (given) => {
        const [disk, other] = [join(folder, 'disk'), join(folder, 'previous')];
        const expected = Buffer.alloc(SIZE);
        const before = Buffer.alloc(SIZE);
        for (const { start, size, from } of given) {
          (from === undefined ? own.subarray(start) : previous.subarray(from)).copy(expected, start, 0, size);
          if (from === undefined) own.copy(before, start, start, start + size);
          // Another task carries what stays where it is.
          else if (from === start) previous.copy(before, start, start, start + size);
        }
        writeFileSync(disk, before);
        writeFileSync(other, previous);
        let told = 0;
        const digest = await doTask(
          fillOf(given, { disk, size: SIZE, previous: other }),
          (bytes) => (told += bytes),
        );
        expect(readFileSync(disk).equals(expected)).toBe(true);
        expect(digest).toBe(createHash('sha256').update(expected).digest('hex'));
        expect(told).toBe(SIZE);
      }),
      { numRuns: 30 },
    );
  });

  it('cannot be filled from a previous image that is shorter than it was', async () => {
    const [disk, other] = [join(folder, 'disk'), join(folder, 'previous')];
    for (const file of [disk, other]) writeFileSync(file, '');
    truncateSync(disk, SIZE);
    const task = fillOf([{ start: 0, size: 100, from: 50 }], { disk, size: SIZE, previous: other });
    await expect(doTask(task)).rejects.toThrow('ends too early');
  });
});

describe('runs', () => {
  it('have every segment once, in order, and their gaps are what is between', () => {
    fc.assert(
      fc.property(segments, (given) => {
        const runs = runsOf(given);
        const gaps = gapsOf(given, runs);
        const bytes = (all: readonly { readonly size: number }[]): number =>
          all.reduce((sum, { size }) => sum + size, 0);
        expect(bytes(runs)).toBe(bytes(given) + bytes(gaps));
        for (const { start, size, from, isHoles } of given) {
          const run = runs.find((each) => each.start <= start && start + size <= each.start + each.size);
          expect(run === undefined || run.from < 0 ? undefined : run.from + start - run.start).toBe(from);
          expect(run?.from === OWN_HOLES).toBe(isHoles === true);
          expect(gaps.some((gap) => gap.start < start + size && start < gap.start + gap.size)).toBe(false);
        }
      }),
    );
  });
});
