import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LayerCache } from '../../factory/layers/cache';
import { Bakery, baked } from './bakery';

let folder: string;
let bakery: Bakery;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-base-'));
  bakery = await new Bakery(folder).stockSmall();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const codeFile = (): string => join(bakery.project, 'jobs', 'src', 'flights', '__init__.py');
const changeCode = (): void => {
  appendFileSync(codeFile(), '\nCHANGED = True\n');
};

/** Overwrites the first of those bytes in a file that cannot be written. */
function damage(file: string, text: string): void {
  const at = readFileSync(file).indexOf(text);
  expect(at).toBeGreaterThan(0);
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, 'X', at);
  closeSync(descriptor);
}

/** What the stand-in of layer spark has in its file. */
const SPARK = 'sparkspark';

describe.skipIf(process.getuid?.() !== 0)('a bake after a change of the code (needs root)', () => {
  it('reuses what did not change of the previous image, and is the same bits as from its layers', async () => {
    const first = await bakery.bake();
    changeCode();
    const second = await bakery.bake();
    expect(second.digest).not.toBe(first.digest);
    bakery.forget();
    expect((await bakery.bake()).digest).toBe(second.digest);
  });

  it('has nothing left at the offsets where the previous image had what was removed', async () => {
    // The bytes of another layer's file: they are taken, and were carried to both places.
    const copy = join(bakery.project, 'jobs', 'src', 'flights', 'copy.txt');
    writeFileSync(copy, 'spark'.repeat(100_000));
    await bakery.bake();
    rmSync(copy);
    changeCode();
    const without = await bakery.bake();
    bakery.forget();
    expect((await bakery.bake()).digest).toBe(without.digest);
  });

  it('does not read the archives of what did not change', async () => {
    const before = await bakery.bake();
    const { layers } = JSON.parse(readFileSync(join(before.folder, 'record.json'), 'utf8')) as {
      layers: { name: string; key: string }[];
    };
    const key = layers.find(({ name }) => name === 'spark')?.key ?? '';
    const tar = join(new LayerCache(bakery.cache).folder(key), 'layer.tar');
    const good = readFileSync(tar);
    damage(tar, SPARK);
    changeCode();
    const { digest } = await bakery.bake();
    const descriptor = openSync(tar, 'r+');
    writeSync(descriptor, good, 0, good.length, 0);
    closeSync(descriptor);
    bakery.forget();
    expect((await bakery.bake()).digest).toBe(digest);
  });

  it('notices that the previous image is corrupted, reports it, and builds from the layers', async () => {
    const before = await bakery.bake();
    damage(join(before.folder, 'image.raw'), SPARK);
    const code = readFileSync(codeFile());
    changeCode();
    const ran = await bakery.start().ended;
    const { digest } = baked(ran);
    expect(ran.err).toContain(`the previous image in ${before.folder} is corrupted: it will not be reused`);
    // With the code as it was the damaged image is asked for: it is baked again, in its place.
    writeFileSync(codeFile(), code);
    expect(await bakery.bake()).toMatchObject({ digest: before.digest, baked: true });
    expect(await bakery.halves()).toEqual([]);
    bakery.forget();
    changeCode();
    expect((await bakery.bake()).digest).toBe(digest);
  });
});
