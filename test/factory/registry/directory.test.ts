import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { resolveChannel, resolveDigest } from '../../../factory/registry/read';
import { readCatalogue, storeBake } from '../../../factory/registry/catalogue';
import { WHO, bake, digestOf, newPlace, recordOf, verdictOf } from './support';
import type { Place } from './support';
import { appendMove } from '../../../factory/registry/move';

let place: Place;
beforeEach(() => {
  place = newPlace();
});

const files = (disk: string) => ({ record: JSON.stringify(recordOf(disk)), verdicts: {}, copies: {} });
const imagesIn = (): readonly string[] => readdirSync(join(place.home.where, 'images'));

async function onlyImage() {
  const { images } = await readCatalogue(place.home, place.settings.image, place.settings.bakes);
  const [image] = images;
  if (image === undefined || images.length !== 1) throw new Error(`${images.length} images`);
  return image;
}

describe('making a registry', () => {
  it('is done once and leaves only its mark', async () => {
    expect(await place.home.exists()).toBe(false);
    expect(await place.home.init()).toBe(true);
    expect(await place.home.init()).toBe(false);
    expect(await place.home.exists()).toBe(true);
    expect(readdirSync(place.home.where)).toEqual(['registry.json']);
  });

  it('is refused where a registry cannot be kept, naming the reason', async () => {
    mkdirSync(place.root, { recursive: true });
    writeFileSync(join(place.root, '.kiln'), 'a file in the way');
    await expect(place.home.init()).rejects.toThrow(/ENOTDIR|EEXIST/);
  });
});

describe('storing an image', () => {
  it('keeps disk, record, lock, manifest and verdicts, and is done once', async () => {
    await place.home.init();
    const digest = bake(place.settings.bakes, 'disk', { verdicts: [verdictOf('disk')] });
    expect(await storeBake(place.home, await onlyImage())).toBe(true);
    expect(await storeBake(place.home, await onlyImage())).toBe(false);
    const folder = join(place.home.where, 'images', digest.slice(7));
    expect(readFileSync(join(folder, 'image.raw'), 'utf8')).toBe('disk');
    expect(resolveDigest(place.home.where, digest).record).toEqual(recordOf('disk'));
    expect(readFileSync(join(folder, 'factory.lock.json'), 'utf8')).toBe('the lock of disk');
    expect(readFileSync(join(folder, 'files.mtree'), 'utf8')).toBe('the files of disk');
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
    'refuses a disk that is %j instead, and nothing of it is left',
    async (wrong) => {
      const disk = join(place.root, 'image.raw');
      writeFileSync(disk, wrong);
      await expect(place.home.storeImage(digestOf('disk'), disk, files('disk'))).rejects.toMatchObject({
        code: 'digest-differs',
      });
      expect(imagesIn()).toEqual([]);
    },
  );

  it('leaves nothing when the disk is not there', async () => {
    await expect(
      place.home.storeImage(digestOf('disk'), join(place.root, 'no.raw'), files('disk')),
    ).rejects.toThrow(/ENOENT/);
    expect(imagesIn()).toEqual([]);
  });

  it('removes what a killed process left, and not what another one is storing', async () => {
    const images = join(place.home.where, 'images');
    const id = '6a2f41a3-c54c-4ce0-b5c5-6c6c5a2b8d10';
    const dead = `.incoming-${hostname()}-4194304-${id}`;
    const alive = `.incoming-${hostname()}-${process.pid}-${id}`;
    const elsewhere = `.incoming-some-other-host-4194304-${id}`;
    for (const name of [dead, alive, elsewhere]) mkdirSync(join(images, name), { recursive: true });
    const disk = join(place.root, 'image.raw');
    writeFileSync(disk, 'disk');
    await place.home.storeImage(digestOf('disk'), disk, files('disk'));
    expect(
      imagesIn()
        .filter((name) => name.startsWith('.'))
        .sort(),
    ).toEqual([alive, elsewhere].sort());
    expect(await place.home.list('images')).toEqual([digestOf('disk').slice(7)]);
  });
});

describe('reading at synth', () => {
  const stored = async (disk: string, record = recordOf(disk)): Promise<string> => {
    await place.home.init();
    const source = join(place.root, 'source.raw');
    writeFileSync(source, disk);
    await place.home.storeImage(digestOf(disk), source, {
      record: JSON.stringify(record),
      verdicts: {},
      copies: {},
    });
    return digestOf(disk);
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
    expect(resolve()).toEqual({ digest: digestOf('b'), record: recordOf('b') });
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
