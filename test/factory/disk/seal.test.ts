import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BLOCK } from '../../../factory/disk/erofs';
import { treeOver, writeSeal } from '../../../factory/disk/seal';
import { doTask } from '../../../factory/disk/tasks';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-seal-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Every third block is of zeros. */
const data = (blocks: number): Buffer =>
  Buffer.concat(Array.from({ length: blocks }, (_, n) => Buffer.alloc(BLOCK, n % 3 === 0 ? 0 : n % 251)));

/*
 * By veritysetup 2.7.5 of Debian 13:
 *   veritysetup format --hash=sha256 --data-block-size=4096 --hash-block-size=4096 --salt=5a…5a
 *     --uuid=00112233-4455-8677-8899-aabbccddeeff --root-hash-file=HASH DATA TREE
 */
const KNOWN = [
  [
    2,
    8_192,
    'af4f607b5aebf247bac3c9ed03e28da073479d19d6da953db2d7e1a7166ed8c2',
    '593826964063863a3df104929cb288a40b1dfbe52dd860d6204ff42397bf79f6',
  ],
  [
    128,
    8_192,
    'c185f8b7157761fb602e998526ea0e0f9e69a1ddedb43689ddcc7989f5fb12bd',
    '4c80dbd0b465740537a30747a3452eac3fd47feca45f3818af00fdd18fea3703',
  ],
  [
    129,
    16_384,
    '70f11e9c411d1bbb3ca317de5910a96148d4e3cc0c9aaf113c27b0c42853acf9',
    'cdceac21e6ee334927688bfba3421a8012ed846060e10d4697abb183d1e0e643',
  ],
  [
    16_384,
    532_480,
    'c248f70deeea653c06586f4f9ef19c61eff6341670f24876098133e2828aca2d',
    '87328a3b3a9796cee3da6e84ce0771ba8dd036c77fbdd0f801673fda21df1b52',
  ],
  [
    16_385,
    544_768,
    'bb9060ce04ef6b06fe80f1a4650e310d4f4c5bdf012bc44acc4c3f8c064ef8da',
    'd34329e3d6dba6a45b93120b96025d7d393503e7ee99a266fec0ec61db1e2937',
  ],
] as const;

describe('the seal', () => {
  it.each(KNOWN)(
    "over %i blocks is veritysetup's, byte for byte, wherever on a disk it lies",
    async (blocks, size, rootHash, sha256) => {
      const [start, behind] = [3 * BLOCK, 2 * BLOCK];
      const disk = join(folder, 'disk');
      const tree = start + blocks * BLOCK + behind;
      const before = Buffer.concat([Buffer.alloc(start, 'f'), data(blocks), Buffer.alloc(behind, 'b')]);
      writeFileSync(disk, Buffer.concat([before, Buffer.alloc(size)]));
      const found = await writeSeal(
        {
          disk,
          root: { start, size: blocks * BLOCK },
          tree: { start: tree },
          uuid: '00112233-4455-8677-8899-aabbccddeeff',
          salt: '5a'.repeat(32),
          data: [{ start, blocks }],
        },
        doTask,
      );
      const after = readFileSync(disk);
      expect(found).toBe(rootHash);
      expect(treeOver(blocks * BLOCK).size).toBe(size);
      expect(after.length).toBe(tree + size);
      expect(createHash('sha256').update(after.subarray(tree)).digest('hex')).toBe(sha256);
      expect(after.subarray(0, tree).equals(before)).toBe(true);
    },
  );

  it('is another one when a bit of the data is', async () => {
    const seal = async (content: Buffer): Promise<string> => {
      const disk = join(folder, 'disk');
      writeFileSync(disk, Buffer.concat([content, Buffer.alloc(treeOver(content.length).size)]));
      const root = { start: 0, size: content.length };
      return await writeSeal(
        {
          ...{ disk, root, tree: { start: content.length }, uuid: '0'.repeat(32), salt: '00' },
          data: [{ start: 0, blocks: content.length / BLOCK }],
        },
        doTask,
      );
    };
    const content = data(300);
    const whole = await seal(content);
    for (const at of [0, 150 * BLOCK + 7, content.length - 1]) {
      const other = Buffer.from(content);
      other.writeUInt8(other.readUInt8(at) ^ 1, at);
      expect(await seal(other)).not.toBe(whole);
    }
    expect(await seal(content)).toBe(whole);
  });
});
