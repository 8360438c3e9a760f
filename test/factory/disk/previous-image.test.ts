import { createHash } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ImageRecord } from '../../../factory/contracts/record';
import { defined } from '../../../factory/defined';
import {
  type PreviousImage,
  CONTENTS,
  contentsText,
  findPreviousImage,
  type OnDisk,
} from '../../../factory/disk/previous-image';
import { BLOCK } from '../../../factory/disk/erofs';
import { sealSalt } from '../../../factory/disk/identity';
import { type Segment } from '../../../factory/disk/segments';
import { treeOver, writeSeal } from '../../../factory/disk/seal';
import {
  copyReused,
  rootBlocks,
  rootSegments,
  staleContents,
  reusedFrom,
} from '../../../factory/disk/reused';
import { doTask } from '../../../factory/disk/tasks';

const ROOT = { start: 3 * BLOCK, size: 200 * BLOCK };
const TREE = { start: ROOT.start + ROOT.size, size: treeOver(ROOT.size).size };
const UUID = '00112233-4455-8677-8899-aabbccddeeff';

let images: string;
beforeEach(() => {
  images = mkdtempSync(join(tmpdir(), 'kiln-base-'));
});
afterEach(() => {
  rmSync(images, { recursive: true });
});

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
const content = (name: string, size: number): Buffer => Buffer.alloc(size, `content ${name} `);

/** Name -> bytes and block of the root. */
const FILES = new Map([
  ['usr/a', { bytes: content('a', 10), block: 4 }],
  ['usr/b', { bytes: content('b', 3 * BLOCK + 1), block: 10 }],
  ['opt/c', { bytes: content('c', BLOCK), block: 150 }],
]);
const layerOf = (paths: readonly string[]): Map<string, { sha256: string; size: number }> =>
  new Map(
    paths.map((path) => {
      const bytes = FILES.get(path)?.bytes ?? Buffer.from(`another ${path}`);
      return [path, { sha256: sha256(bytes), size: bytes.length }];
    }),
  );

/** An image with a sealed root, and what stands beside it. */
async function bake(name: string, image: string): Promise<string> {
  const folder = join(images, name);
  mkdirSync(folder);
  const disk = Buffer.alloc(TREE.start + TREE.size);
  const placed: OnDisk[] = [];
  for (const { bytes, block } of FILES.values()) {
    const at = ROOT.start + block * BLOCK;
    bytes.copy(disk, at);
    placed.push({ sha256: sha256(bytes), size: bytes.length, at });
  }
  const file = join(folder, 'image.raw');
  writeFileSync(file, disk);
  const rootHash = await writeSeal(
    {
      ...{ disk: file, root: ROOT, tree: TREE, uuid: UUID, salt: sealSalt(image) },
      data: [{ start: ROOT.start, blocks: ROOT.size / BLOCK }],
    },
    doTask,
  );
  const digest = `sha256:${'d'.repeat(64)}`;
  const parts = { esp: { start: BLOCK, size: BLOCK }, root: ROOT, 'root-verity': TREE };
  const record: ImageRecord = {
    ...{ version: 1, image, digest, size: disk.length, contentId: digest, lock: digest, layers: [] },
    ...{ manifest: digest, rootHash, versions: {}, parents: [], bakedBy: { kiln: '0' } },
    partitions: (['esp', 'root', 'root-verity'] as const).map((part) => ({
      ...{ name: part, type: UUID, uuid: UUID },
      ...parts[part],
    })),
  };
  writeFileSync(join(folder, 'record.json'), JSON.stringify(record));
  writeFileSync(join(folder, CONTENTS), contentsText(placed));
  return folder;
}

function found(image = 'spark'): PreviousImage {
  const previous = findPreviousImage(images, image);
  if (previous === undefined) throw new Error('there is no previous image');
  return previous;
}

describe('the previous image of a bake', () => {
  it('is the image that was baked last under the same name', async () => {
    expect(findPreviousImage(images, 'spark')).toBeUndefined();
    for (const [name, image, since] of [
      ['one', 'spark', 100],
      ['two', 'spark', 300],
      ['three', 'spark', 200],
      ['four', 'other', 400],
    ] as const)
      utimesSync(join(await bake(name, image), CONTENTS), since, since);
    expect(found().folder).toBe(join(images, 'two'));
  });

  it.each<[string, (folder: string) => void]>([
    [
      'its list of contents is not there',
      (folder) => {
        rmSync(join(folder, CONTENTS));
      },
    ],
    [
      'a line of the list is broken',
      (folder) => {
        writeFileSync(join(folder, CONTENTS), 'x 1 2\n');
      },
    ],
    [
      'its record is not one',
      (folder) => {
        writeFileSync(join(folder, 'record.json'), '{}');
      },
    ],
    [
      'its disk is shorter than its record says',
      (folder) => {
        writeFileSync(join(folder, 'image.raw'), '');
      },
    ],
  ])('is none when %s', async (_, change) => {
    change(await bake('one', 'spark'));
    expect(findPreviousImage(images, 'spark')).toBeUndefined();
  });

  it('gives the layers all of whose files it has, and not the boot files, which stand elsewhere', async () => {
    await bake('one', 'spark');
    const layers = [
      layerOf(['usr/a', 'usr/b', 'boot/vmlinuz']),
      layerOf(['opt/c', 'opt/d']),
      layerOf(['opt/c']),
    ];
    const reused = reusedFrom(found(), ROOT.start, layers);
    expect([...(reused?.layers ?? [])]).toEqual([0, 2]);
    expect(reusedFrom(found(), ROOT.start, [layerOf(['opt/d'])])).toBeUndefined();
    expect(reusedFrom(undefined, ROOT.start, layers)).toBeUndefined();
    // With a larger boot partition all of it would lie elsewhere.
    expect(reusedFrom(found(), ROOT.start + BLOCK, layers)).toBeUndefined();
  });
});

describe('what is copied from a previous image', () => {
  const to = (): string => join(images, 'new');
  const copied = async (paths: readonly string[]): Promise<boolean> => {
    const reused = reusedFrom(found(), ROOT.start, [layerOf(paths)]);
    if (reused === undefined) throw new Error('nothing is taken');
    writeFileSync(to(), '');
    return await copyReused(doTask, reused, to());
  };
  const change = (folder: string, at: number): void => {
    const file = join(folder, 'image.raw');
    const disk = readFileSync(file);
    disk.writeUInt8(disk.readUInt8(at) ^ 1, at);
    writeFileSync(file, disk);
  };

  it('stands at the same offsets of the new disk, and nothing of the previous image beside it', async () => {
    const folder = await bake('one', 'spark');
    // Behind a content in its last block, and between two contents.
    for (const at of [4 * BLOCK + 11, 14 * BLOCK - 1, 20 * BLOCK]) change(folder, ROOT.start + at);
    const expected = Buffer.alloc(ROOT.start + 151 * BLOCK);
    for (const { bytes, block } of FILES.values()) bytes.copy(expected, ROOT.start + block * BLOCK);
    expect(await copied([...FILES.keys()])).toBe(true);
    expect(readFileSync(to()).equals(expected)).toBe(true);
    expect(await copied(['usr/b'])).toBe(true);
    expected.fill(0, ROOT.start, ROOT.start + 10 * BLOCK);
    expect(readFileSync(to()).equals(expected.subarray(0, ROOT.start + 14 * BLOCK))).toBe(true);
  });

  it.each([
    ['the first byte of a content', ROOT.start + 4 * BLOCK],
    ['the last byte of one of several blocks', ROOT.start + 13 * BLOCK],
    ['a digest of a block', TREE.start + 2 * BLOCK + 4 * 32],
  ])('is worth nothing when the previous image is damaged: %s', async (_, at) => {
    change(await bake('one', 'spark'), at);
    expect(await copied([...FILES.keys()])).toBe(false);
  });

  it('is worth nothing when the previous image is shorter than it was', async () => {
    const file = join(await bake('one', 'spark'), 'image.raw');
    const previous = found();
    writeFileSync(file, readFileSync(file).subarray(0, ROOT.start + 12 * BLOCK));
    const reused = reusedFrom(previous, ROOT.start, [layerOf(['usr/b'])]);
    if (reused === undefined) throw new Error('nothing is taken');
    writeFileSync(to(), '');
    expect(await copyReused(doTask, reused, to())).toBe(false);
  });

  it('is worth nothing when somebody removed the previous image', async () => {
    const folder = await bake('one', 'spark');
    const reused = reusedFrom(found(), ROOT.start, [layerOf(['usr/b'])]);
    if (reused === undefined) throw new Error('nothing is taken');
    rmSync(folder, { recursive: true });
    writeFileSync(to(), '');
    expect(await copyReused(doTask, reused, to())).toBe(false);
  });

  it('is good where what is damaged is not of it', async () => {
    change(await bake('one', 'spark'), ROOT.start + 150 * BLOCK);
    expect(await copied(['usr/a', 'opt/c'])).toBe(false);
    expect(await copied(['usr/a', 'usr/b'])).toBe(true);
  });

  it('is stale where the new disk has it elsewhere, or no more', async () => {
    await bake('one', 'spark');
    const reused = reusedFrom(found(), ROOT.start, [layerOf([...FILES.keys()])]);
    if (reused === undefined) throw new Error('nothing is taken');
    const [a, b, c] = [4, 10, 150].map((block) => ROOT.start + block * BLOCK) as [number, number, number];
    const size = BLOCK;
    expect(
      staleContents(
        reused,
        [a, b, c].map((at) => ({ start: at, size, from: at })),
      ),
    ).toEqual([]);
    const places = staleContents(reused, [
      { start: a, size, from: a },
      { start: c + BLOCK, size, from: b },
      { start: c, size },
    ]);
    expect(places.map(({ at }) => at)).toEqual([b, c]);
  });

  it('is reused from where it is to stand, when the previous image has the same bytes at several offsets', async () => {
    const folder = await bake('one', 'spark');
    const { bytes } = FILES.get('usr/a') ?? { bytes: Buffer.alloc(0) };
    const again = { sha256: sha256(bytes), size: bytes.length, at: ROOT.start + 60 * BLOCK };
    appendFileSync(join(folder, CONTENTS), contentsText([again]));
    const reused = reusedFrom(found(), ROOT.start, [layerOf(['usr/a'])]);
    expect(reused?.contents.map(({ at }) => at)).toEqual([ROOT.start + 4 * BLOCK, again.at]);
    const stand = [60, 4, 7].map(
      (block) => [{ layer: 0, at: block, size: bytes.length }, block * BLOCK] as const,
    );
    const offsets = new Map(stand);
    const digests = new Map(stand.map(([content]) => [content, again.sha256]));
    const root = { offsets, metadata: Buffer.alloc(BLOCK) };
    const segments = rootSegments(root, ROOT.start, digests, reused).slice(1);
    expect(
      segments.map(({ start, from }) => [start, from].map((byte) => ((byte ?? 0) - ROOT.start) / BLOCK)),
    ).toEqual([
      [4, 4],
      [7, 4],
      [60, 60],
    ]);
  });
});

describe('a seal over contents that a previous image has', () => {
  it('is the same as one whose every block was hashed, wherever the contents now stand', async () => {
    await bake('one', 'spark');
    const previous = found();
    const moved = [
      { path: 'usr/b', block: 0 },
      { path: 'usr/a', block: 4 },
      { path: 'opt/c', block: 5 },
      { path: 'opt/new', block: 160 },
    ];
    const contents = new Map([...FILES].map(([path, { bytes }]) => [path, bytes] as const)).set(
      'opt/new',
      content('new', 2 * BLOCK),
    );
    const disk = Buffer.alloc(TREE.start + TREE.size);
    const segments: Segment[] = moved.map(({ path, block }) => {
      const bytes = contents.get(path) ?? Buffer.alloc(0);
      const start = ROOT.start + block * BLOCK;
      bytes.copy(disk, start);
      const from = previous.contents.get(sha256(bytes))?.[0]?.at;
      return { start, size: bytes.length, ...defined({ from }) };
    });
    const seal = async (data: Parameters<typeof writeSeal>[0]['data']): Promise<[string, string]> => {
      const file = join(images, 'disk');
      writeFileSync(file, disk);
      const rest = { disk: file, root: ROOT, tree: TREE, uuid: UUID, salt: sealSalt('spark') };
      const hash = await writeSeal({ ...rest, data, previous: previous.disk }, doTask);
      return [hash, sha256(readFileSync(file))];
    };
    expect(segments.filter(({ from }) => from !== undefined)).toHaveLength(3);
    expect(await seal(rootBlocks(segments, { previous, layers: new Set(), contents: [] }))).toEqual(
      await seal([{ start: ROOT.start, blocks: ROOT.size / BLOCK }]),
    );
  });
});
