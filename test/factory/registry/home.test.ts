import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FakeObjectStore } from '../../../factory/ports/objects/object-store-fake';
import { below } from '../../../factory/ports/objects/object-store';
import { BucketHome } from '../../../factory/registry/bucket';
import { DirectoryHome } from '../../../factory/registry/directory';
import { homeContract } from './home-contract';
import { newPlace } from './support';

const folder = mkdtempSync(join(tmpdir(), 'kiln-registry-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const directory = new DirectoryHome(join(folder, 'registry'));
homeContract('a directory', () => directory);

const bucket = new BucketHome(below(new FakeObjectStore(), 'kiln/'), 's3://images/kiln');
homeContract('a bucket in memory', () => bucket);

describe('a registry in a directory', () => {
  it('is refused where it cannot be kept, naming the reason', async () => {
    const place = newPlace();
    writeFileSync(join(place.root, '.kiln'), 'a file in the way');
    await expect(place.home.init()).rejects.toThrow(/ENOTDIR|EEXIST/);
  });

  it.each([
    ['{"version":1}', 'registry-version'],
    ['{"version":3}', 'registry-version'],
    ['{"version":2,"more":1}', 'registry-damaged'],
    ['', 'registry-damaged'],
  ])('with the mark %j is not used', async (mark, code) => {
    const { home } = newPlace();
    mkdirSync(home.where, { recursive: true });
    writeFileSync(join(home.where, 'registry.json'), mark);
    await expect((async () => home.exists())()).rejects.toMatchObject({ code });
    await expect(home.init()).rejects.toMatchObject({ code });
  });

  it('loses what a killed process left, and not what another one is writing', async () => {
    const { home } = newPlace();
    await home.put('chunks/ab/x', Buffer.from('x'));
    const id = '6a2f41a3-c54c-4ce0-b5c5-6c6c5a2b8d10';
    const names = [hostname() + '-4194304', `${hostname()}-${process.pid}`, 'some-other-host-4194304'];
    const [dead, alive, elsewhere] = names.map((name) =>
      join(home.where, 'chunks', `.incoming-${name}-${id}`),
    );
    for (const file of [dead, alive, elsewhere]) writeFileSync(file ?? '', '');
    const keys: string[] = [];
    for await (const { key } of home.walk('chunks')) keys.push(key);
    expect(keys).toEqual(['chunks/ab/x']);
    const { existsSync } = await import('node:fs');
    expect([dead, alive, elsewhere].map((file) => existsSync(file ?? ''))).toEqual([false, true, true]);
  });
});

describe('a registry in a bucket', () => {
  it('is refused at init by a store that ignores the condition, with the way out', async () => {
    const store = new FakeObjectStore({ ignoresCondition: true });
    const home = new BucketHome(store, 's3://images');
    await expect(home.init()).rejects.toMatchObject({
      code: 'registry-unfit',
      message: expect.stringMatching(/If-None-Match.*Two promotions at once/s) as string,
      hint: expect.stringContaining('make a bucket that never had it') as string,
    });
    for await (const { key } of store.list('')) throw new Error(`${key} is left`);
  });

  it.each([
    [['lost answer'], true],
    [['lost request'], true],
    [['conflict'], true],
    [['conflict', 'lost request', 'lost answer'], true],
  ] as const)('settles %j by reading back: its own document counts as created', async (troubles, created) => {
    const store = new FakeObjectStore();
    const home = new BucketHome(store, 's3://images', [1, 1, 1]);
    store.troubles.push(...troubles);
    expect(await home.create('a.json', 'mine')).toBe(created);
    expect(await home.read('a.json')).toBe('mine');
    store.troubles.push(...troubles);
    expect(await home.create('a.json', 'late')).toBe(false);
    expect(await home.read('a.json')).toBe('mine');
  });

  it('says so when a store does not come back, and has not made up an answer', async () => {
    const store = new FakeObjectStore();
    const home = new BucketHome(store, 's3://images', [1, 1, 1]);
    store.troubles.push(...Array<'lost request'>(8).fill('lost request'));
    await expect(home.create('a.json', 'mine')).rejects.toMatchObject({ code: 'store-unreachable' });
  });
});
