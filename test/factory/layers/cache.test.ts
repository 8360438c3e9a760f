import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MANIFEST } from '../../../factory/contracts/manifest';
import { HEADERS, LayerCache, TAR, type CachedLayer, type LayerRecord } from '../../../factory/layers/cache';
import { withWorkFolder } from '../../../factory/files/work-folder';

const key = 'a'.repeat(64);
const record: LayerRecord = {
  version: 2,
  name: 'jars',
  key,
  digest: `sha256:${'b'.repeat(64)}`,
  size: 3,
  entries: 1,
  headersDigest: `sha256:${'c'.repeat(64)}`,
  manifestDigest: `sha256:${'d'.repeat(64)}`,
};
let folder: string;
let cache: LayerCache;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-cache-'));
  cache = new LayerCache(folder);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const put = (): Promise<CachedLayer> =>
  withWorkFolder(folder, 'jars', async (work) => {
    writeFileSync(join(work, TAR), 'tar');
    for (const name of [HEADERS, MANIFEST]) writeFileSync(join(work, name), '');
    await Promise.resolve();
    return cache.put(record, work);
  });

test('a layer is in the cache once it was put there, and nothing else is left', async () => {
  expect(cache.get(key)).toBeUndefined();
  const layer = await put();
  expect(cache.get(key)).toEqual(layer);
  expect(readFileSync(layer.tar, 'utf8')).toBe('tar');
  expect(readdirSync(join(folder, 'layers'))).toEqual([key]);
  expect(readdirSync(join(folder, 'work'))).toEqual([]);
});

test('of equal layers that come at once all are the one that is there', async () => {
  const layers = await Promise.all([put(), put(), put()]);
  expect(layers).toEqual([cache.get(key), cache.get(key), cache.get(key)]);
  expect(readdirSync(join(folder, 'layers'))).toEqual([key]);
});

test('what cannot be used gives way to what was built', async () => {
  mkdirSync(join(folder, 'layers', key), { recursive: true });
  writeFileSync(join(folder, 'layers', key, 'layer.tar'), 'half');
  expect(cache.get(key)).toBeUndefined();
  expect(await put()).toEqual(cache.get(key));
  expect(readdirSync(join(folder, 'work'))).toEqual([]);
});

test('what a killed process left is swept before the next begins; what a living one has stays', async () => {
  const dead = join(folder, 'work', 'jars-dead');
  mkdirSync(join(dead, 'out'), { recursive: true });
  writeFileSync(join(dead, 'lock'), '');
  await withWorkFolder(folder, 'living', async (living) => {
    expect(existsSync(dead)).toBe(false);
    await put();
    expect(existsSync(living)).toBe(true);
  });
  expect(readdirSync(join(folder, 'work'))).toEqual([]);
});
