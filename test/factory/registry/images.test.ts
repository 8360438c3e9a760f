import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { DiskIndex } from '../../../factory/contracts/disk-index';
import type { ImageRecord } from '../../../factory/contracts/record';
import { KilnError, formatError } from '../../../factory/errors';
import { readCatalogue } from '../../../factory/registry/catalogue';
import { storeBake } from '../../../factory/registry/store-bake';
import { CHUNK } from '../../../factory/registry/chunks';
import type { DirectoryHome } from '../../../factory/registry/directory';
import { chunkKey } from '../../../factory/registry/layout';
import { materialise } from '../../../factory/registry/materialise';
import { appendMove } from '../../../factory/registry/move';
import { resolveChannel, resolveDigest } from '../../../factory/registry/read';
import { isStored, storeImage } from '../../../factory/registry/store-image';
import { WHO, bake, digestOf, filesOf, newPlace, recordOf, store, verdictOf } from './support';
import type { Place } from './support';

let place: Place;
beforeEach(() => {
  place = newPlace();
});

async function onlyImage() {
  const { images } = await readCatalogue(place.home, place.settings.image, place.settings.bakes);
  const [image] = images;
  if (image === undefined || images.length !== 1) throw new Error(`${images.length} images`);
  return image;
}

describe('storing an image', () => {
  it('keeps disk, record, lock, manifest and verdicts, and is done once', async () => {
    await place.home.init();
    const digest = bake(place.settings.bakes, 'disk', { verdicts: [verdictOf('disk')] });
    expect(await storeBake(place.home, await onlyImage())).toBe(true);
    expect(await storeBake(place.home, await onlyImage())).toBe(false);
    const folder = join(place.home.where, 'images', digest.slice(7));
    expect(resolveDigest(place.home.where, digest).record).toEqual(recordOf('disk'));
    expect(readdirSync(folder).sort()).toEqual([
      'chunks.json',
      'factory.lock.json.zst',
      'files.mtree.zst',
      'record.json',
      'verdicts',
    ]);
    const made = await materialise(place.home, recordOf('disk'), { cache: place.settings.cache });
    for (const [name, content] of [
      ['image.raw', 'disk'],
      ['factory.lock.json', 'the lock of disk'],
      ['files.mtree', 'the files of disk'],
    ] as const)
      expect(readFileSync(join(made, name), 'utf8')).toBe(content);
    expect(readdirSync(join(folder, 'verdicts'))).toHaveLength(1);
    expect((await onlyImage()).verdicts).toEqual([verdictOf('disk')]);
  });

  it('brings a verdict that came later to the image that is there', async () => {
    await place.home.init();
    bake(place.settings.bakes, 'disk');
    await storeBake(place.home, await onlyImage());
    bake(place.settings.bakes, 'disk', { verdicts: [verdictOf('disk')] });
    await storeBake(place.home, await onlyImage());
    const stored = await readCatalogue(place.home, place.settings.image, join(place.root, 'no-bakes'));
    expect(stored.images[0]?.verdicts).toEqual([verdictOf('disk')]);
  });

  it.each(['disj', 'dis', 'disk+', ''])(
    'refuses a disk that is %j instead, and writes nothing',
    async (wrong) => {
      await place.home.init();
      const disk = join(place.root, 'image.raw');
      writeFileSync(disk, wrong);
      await expect(
        storeImage(place.home, digestOf('disk'), disk, filesOf('disk'), { scratch: place.root }),
      ).rejects.toMatchObject({ code: 'digest-differs' });
      expect(readdirSync(place.home.where)).toEqual(['registry.json']);
    },
  );

  it('refuses a lock and a manifest that are not those of the record, and the image is not there', async () => {
    await place.home.init();
    bake(place.settings.bakes, 'disk');
    writeFileSync(join(place.settings.bakes, digestOf('disk').slice(7), 'files.mtree'), 'others');
    await expect(storeBake(place.home, await onlyImage())).rejects.toMatchObject({ code: 'digest-differs' });
    expect(await isStored(place.home, digestOf('disk'))).toBe(false);
  });

  it('writes nothing when the disk is not there', async () => {
    await place.home.init();
    await expect(
      storeImage(place.home, digestOf('disk'), join(place.root, 'no.raw'), filesOf('disk'), {
        scratch: place.root,
      }),
    ).rejects.toThrow(/ENOENT/);
    expect(readdirSync(place.home.where)).toEqual(['registry.json']);
  });

  it('resumes where it was interrupted, and is not visible before its end', async () => {
    await place.home.init();
    const disk = Buffer.concat(Array.from({ length: 70 }, (_, i) => Buffer.alloc(CHUNK, `chunk ${i}`)));
    const record = { ...recordOf('x'), digest: digestOf(disk), size: disk.length };
    let puts = 0;
    const cut = Object.create(place.home) as DirectoryHome;
    cut.put = async (key, content) => {
      if (key.startsWith('chunks/') && ++puts > 40) throw new Error('killed');
      await place.home.put(key, content);
    };
    await expect(store({ root: place.root, home: cut }, disk, record)).rejects.toThrow('killed');
    expect(() => resolveDigest(place.home.where, record.digest)).toThrow(
      expect.objectContaining({ code: 'image-not-stored' }),
    );
    expect((await readCatalogue(place.home, 'spark-node', place.settings.bakes)).images).toEqual([]);
    puts = -1000;
    await store({ root: place.root, home: cut }, disk, record);
    expect(puts + 1000).toBeLessThanOrEqual(30 + 8);
    expect(puts + 1000).toBeGreaterThan(0);
    const folder = await materialise(place.home, record, { cache: place.settings.cache });
    expect(readFileSync(join(folder, 'image.raw')).equals(disk)).toBe(true);
    expect(await place.home.list('holds')).toEqual([]);
  });
});

describe('making a disk from the registry', () => {
  const big = Buffer.concat([Buffer.alloc(CHUNK, 'one'), Buffer.alloc(CHUNK), Buffer.alloc(100, 'two')]);
  const record = { ...recordOf('x'), digest: digestOf(big), size: big.length };
  const cached = (): string => join(place.settings.cache, 'images');
  const make = () => materialise(place.home, record, { cache: place.settings.cache });
  let chunks: string[];
  beforeEach(async () => {
    await place.home.init();
    await store(place, big, record);
    const index = JSON.parse(
      readFileSync(join(place.home.where, 'images', record.digest.slice(7), 'chunks.json'), 'utf8'),
    ) as { chunks: [number, string][] };
    chunks = index.chunks.map(([, sha256]) => join(place.home.where, chunkKey(sha256)));
  });

  it('makes it once', async () => {
    const folder = await make();
    for (const chunk of chunks) rmSync(chunk);
    expect(await make()).toBe(folder);
    expect(readdirSync(folder).sort()).toEqual(['image.raw', 'record.json']);
  });

  it('takes the disk of a bake that is still right, else the chunks', async () => {
    const bakeFolder = join(place.root, 'bake');
    mkdirSync(bakeFolder);
    writeFileSync(join(bakeFolder, 'image.raw'), big);
    const bakeAt = { cache: place.settings.cache, bake: bakeFolder };
    const disk = join(await materialise(place.home, record, bakeAt), 'image.raw');
    expect(statSync(disk).ino).toBe(statSync(join(bakeFolder, 'image.raw')).ino);
    rmSync(cached(), { recursive: true });
    rmSync(join(bakeFolder, 'image.raw'));
    writeFileSync(join(bakeFolder, 'image.raw'), 'something else');
    expect(readFileSync(join(await materialise(place.home, record, bakeAt), 'image.raw')).equals(big)).toBe(
      true,
    );
  });

  it.each([
    [
      'is missing',
      (file: string) => {
        rmSync(file);
      },
      /is missing/,
    ],
    [
      'holds another chunk',
      (file: string, other: string) => {
        cpSync(other, file);
      },
      /does not hold/,
    ],
    [
      'is cut short',
      (file: string) => {
        writeFileSync(file, readFileSync(file).subarray(0, 10));
      },
      /zstd|does not hold/,
    ],
    [
      'is no zstd',
      (file: string) => {
        writeFileSync(file, 'not compressed');
      },
      /zstd|does not hold/,
    ],
    [
      'is far too large',
      (file: string) => {
        writeFileSync(file, Buffer.alloc(2 * CHUNK));
      },
      /is larger/,
    ],
    [
      'unpacks to more than it says',
      (file: string) => {
        execFileSync('zstd', ['-qf', '-o', file], { input: Buffer.alloc(40 * CHUNK) });
      },
      /does not hold/,
    ],
  ])('gives none when a chunk %s, and leaves nothing half made', async (_, damage, cause) => {
    damage(chunks[1] ?? '', chunks[0] ?? '');
    const fault = await make().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(fault).toBeInstanceOf(KilnError);
    expect(formatError(fault as KilnError)).toMatch(cause);
    expect(readdirSync(cached()).filter((name) => !name.endsWith('.lock'))).toEqual([]);
    expect(readdirSync(join(place.settings.cache, 'work'))).toEqual([]);
  });

  it.each([
    ['of another disk', (index: DiskIndex) => ({ ...index, digest: digestOf('other') }), /is about the disk/],
    [
      'with a chunk behind the disk',
      (index: DiskIndex) => ({ ...index, chunks: [[7, 'a'.repeat(64)]] }),
      /chunks\.0/,
    ],
    ['out of order', (index: DiskIndex) => ({ ...index, chunks: index.chunks.toReversed() }), /chunks\.1/],
    [
      'naming a path',
      (index: DiskIndex) => ({ ...index, chunks: [[0, '../../record']] }),
      /64 lower-case hex/,
    ],
    ['with an unknown key', (index: DiskIndex) => ({ ...index, sneaky: true }), /unrecognized key/i],
    [
      'that lacks a chunk',
      (index: DiskIndex) => ({ ...index, chunks: index.chunks.slice(1) }),
      /gives another disk/,
    ],
  ])('refuses an index %s, naming it', async (_, forge, cause) => {
    const file = join(place.home.where, 'images', record.digest.slice(7), 'chunks.json');
    writeFileSync(file, JSON.stringify(forge(JSON.parse(readFileSync(file, 'utf8')) as DiskIndex)));
    const fault = await make().catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'registry-damaged' });
    expect(formatError(fault as KilnError)).toMatch(cause);
  });
});

describe('reading at synth', () => {
  const stored = async (disk: string, record?: ImageRecord): Promise<string> => {
    await place.home.init();
    const digest = await store(place, disk);
    const file = join(place.home.where, 'images', digest.slice(7), 'record.json');
    // Forged afterwards: kiln itself stores no record that is not the image's.
    if (record !== undefined) writeFileSync(file, JSON.stringify(record));
    return digest;
  };
  const point = (digest: string, seen = 0) =>
    appendMove(
      place.home,
      { image: 'spark-node', channel: 'production', action: 'promote', digest, ...WHO },
      seen,
    );
  const resolve = (channel = 'production', image = 'spark-node') =>
    resolveChannel(place.home.where, image, channel);

  it('finds what the channel points at last', async () => {
    await point(await stored('a'));
    await point(await stored('b'), 1);
    expect(resolve()).toEqual({ digest: digestOf('b'), record: recordOf('b'), publications: [] });
  });

  it('says that there is no registry', () => {
    expect(() => resolve()).toThrow(expect.objectContaining({ code: 'no-registry' }));
  });

  it('names the command that fills an empty channel', async () => {
    await place.home.init();
    expect(() => resolve()).toThrow(
      expect.objectContaining({
        code: 'channel-empty',
        hint: expect.stringContaining('kiln promote IMAGE production') as string,
      }),
    );
  });

  it.each([
    ['of another image', { digest: digestOf('other') }],
    ['with an unknown key', { sneaky: true }],
    ['with a size that is none', { size: -1 }],
  ])('refuses a forged record: one %s', async (_, change) => {
    await point(await stored('a', { ...recordOf('a'), ...change }));
    expect(() => resolve()).toThrow(expect.objectContaining({ code: 'registry-damaged' }));
  });

  it('refuses an image of another name behind the channel', async () => {
    await point(await stored('a', recordOf('a', { image: 'other' })));
    expect(() => resolve()).toThrow(expect.objectContaining({ code: 'registry-damaged' }));
  });

  it.each([
    ['channel', ['../../images']],
    ['channel', ['production/../candidate']],
    ['channel', ['']],
    ['image', ['production', '..']],
    ['image', ['production', 'a/b']],
  ])('refuses a %s name that would lead elsewhere: %j', async (_, names) => {
    await place.home.init();
    expect(() => resolve(...names)).toThrow();
  });

  it.each(['sha256:../../../etc', 'latest', `sha256:${'A'.repeat(64)}`, 'a'.repeat(64)])(
    'refuses %j as a digest',
    async (digest) => {
      await place.home.init();
      expect(() => resolveDigest(place.home.where, digest)).toThrow();
    },
  );
});
