import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { composeDisk } from '../../../factory/disk/compose';
import { MIB } from '../../../factory/disk/layout';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-compose-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A disk with a table at both ends, parts of those bytes, and what must come out. */
function planned(contents: readonly Buffer[]) {
  const disk = join(folder, 'disk');
  let start = MIB;
  const parts = contents.map((content, index) => {
    const file = join(folder, `part${String(index)}`);
    writeFileSync(file, content);
    const part = { file, start };
    start += Math.ceil(content.length / MIB) * MIB;
    return part;
  });
  const size = start + MIB;
  const whole = Buffer.alloc(size);
  whole.write('the table', 512);
  whole.write('its copy', size - 512);
  writeFileSync(disk, whole);
  const expected = Buffer.from(whole);
  for (const [index, { start: at }] of parts.entries()) contents[index]?.copy(expected, at);
  return { disk, parts, size, expected };
}

describe('a disk is put together', () => {
  it('of any parts: each at its place, zeros behind it, the tables kept, and the sha256 is the one of the file', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            bytes: fc.integer({ min: 1, max: 3 * MIB }),
            fill: fc.integer({ min: 0, max: 255 }),
            mark: fc.integer({ min: 0, max: 255 }),
          }),
          { maxLength: 4 },
        ),
        async (shapes) => {
          const contents = shapes.map(({ bytes, fill, mark }) => {
            const content = Buffer.alloc(bytes, fill);
            content[bytes - 1] = mark;
            return content;
          });
          const { disk, parts, size, expected } = planned(contents);
          const digest = await composeDisk(disk, parts, size);
          const found = readFileSync(disk);
          expect(found.equals(expected)).toBe(true);
          expect(digest).toBe(createHash('sha256').update(found).digest('hex'));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('and what is zero stays a hole', async () => {
    const part = Buffer.alloc(8 * MIB);
    part.write('only the last', 7 * MIB);
    const { disk, parts, size } = planned([part]);
    rmSync(disk);
    writeFileSync(disk, '');
    truncateSync(disk, size);
    await composeDisk(disk, parts, size);
    expect(statSync(disk).blocks * 512).toBeLessThanOrEqual(MIB);
    expect(statSync(disk).size).toBe(size);
  });
});
