import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diffText } from '../../../factory/cli/diff-view';
import type { ImageRecord } from '../../../factory/contracts/record';
import { diffImages } from '../../../factory/diff/diff';
import type { ImageOnDisk } from '../../../factory/disk/image-files';

const BLOCK = 512 * 1024;
const LOCK = {
  version: 1,
  image: 'spark-node',
  spec: `sha256:${'a'.repeat(64)}`,
  epoch: 1,
  choices: Object.fromEntries(
    ['spark', 'debian', 'java', 'scala', 'python', 'hadoop', 'sdk', 'committer'].map((name) => [
      name,
      { value: '1', reason: 'said so' },
    ]),
  ),
  inputs: [],
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-diff-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A disk of blocks, a letter each; a dot is a block of zeros. */
function image(name: string, blocks: string, manifest: string): ImageOnDisk {
  const place = join(folder, name);
  mkdirSync(place);
  const disk = Buffer.concat(
    Array.from(blocks).map((letter) => Buffer.alloc(BLOCK, letter === '.' ? 0 : letter)),
  );
  writeFileSync(join(place, 'image.raw'), disk);
  writeFileSync(join(place, 'factory.lock.json'), JSON.stringify(LOCK));
  writeFileSync(join(place, 'files.mtree'), `#mtree\n${manifest}`);
  const partitions = [{ name: 'root', start: BLOCK, size: disk.length - BLOCK }];
  return { folder: place, record: { digest: `sha256:${name}`, partitions } as unknown as ImageRecord };
}

const file = (path: string, size: number, digest: string): string =>
  `./${path} type=file mode=0644 uid=0 gid=0 time=1.0 size=${String(size)} sha256digest=${digest.repeat(64)}\n`;

describe('two images', () => {
  it('differ in files and in blocks of their disks', async () => {
    const before = image('one', 'gab.d', file('same', 1, 'a') + file('gone', 2, 'b') + file('other', 3, 'c'));
    const after = image('two', 'gax.dee', file('same', 1, 'a') + file('other', 4, 'd') + file('new', 5, 'e'));
    const diff = await diffImages(before, after);
    expect(diff.files).toEqual({
      added: [{ path: '/new', bytes: 5 }],
      removed: [{ path: '/gone', bytes: 2 }],
      changed: [{ path: '/other', bytes: 4 }],
    });
    expect(diff.blocks).toEqual({
      size: BLOCK,
      used: 6,
      differ: 3,
      partitions: [{ name: 'root', used: 5, differ: 3 }],
    });
    expect(diffText(diff)).toContain('disk      3 of 6 blocks of 512 KiB differ (50.00 %)');
  });

  it('that are one have nothing to tell', async () => {
    const one = image('one', 'ga', file('same', 1, 'a'));
    const diff = await diffImages(one, one);
    expect(diff.blocks.differ).toBe(0);
    expect(diffText(diff)).toBe('the same image: sha256:one');
  });

  it('of which one was baked before it kept a manifest cannot be compared, and that is said', async () => {
    const one = image('one', 'ga', '');
    rmSync(join(one.folder, 'files.mtree'));
    await expect(diffImages(one, one)).rejects.toMatchObject({ code: 'image-incomplete' });
  });
});
