import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stepsOf } from '../../../factory/bake/build-layers';
import { withWorkFolder } from '../../../factory/files/work-folder';
import { archive } from '../../../factory/layers/archive';
import { LayerCache, TAR } from '../../../factory/layers/cache';
import { layerKey, type LayerParts } from '../../../factory/layers/key';
import { surveyTar } from '../../../factory/layers/manifest';
import type { PlannedLayer } from '../../../factory/layers/plan';
import { requireKeyed, resolveLayers } from '../../../factory/layers/resolve';
import { hostExec } from '../../../factory/ports/machine/exec-host';
import { Declaration } from '../../../factory/recipes/declaration';

let folder: string;
let cache: LayerCache;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-resolve-'));
  cache = new LayerCache(folder);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const planned = (name: string, order: number, recipe: string, sees: readonly object[] = []): PlannedLayer => {
  const declared = { ...Declaration.parse({ about: name, order, sees }), name };
  const parts: LayerParts = {
    ...{ name, recipe, inputs: {}, sources: {}, epoch: 1 },
    sees: Object.fromEntries(declared.sees.map(({ layer }) => [layer, ''])),
  };
  return { name, declared, parts, own: layerKey(parts), inputs: [], lockPart: {} };
};

/** A base, one layer that sees its libraries, one that sees that one, and one that sees nothing. */
const plan = (recipe: string): readonly PlannedLayer[] => [
  planned('os', 1, recipe),
  planned('spark', 2, 'spark'),
  planned('conda', 3, 'conda', [{ layer: 'os', only: ['lib'] }]),
  planned('code', 4, 'code', [{ layer: 'os', without: ['kernel'] }, { layer: 'conda' }]),
];

/** Builds a layer as a recipe would that makes those files. */
async function build(
  layers: readonly PlannedLayer[],
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const { key } = requireKeyed(layers, cache, name).keyed;
  await withWorkFolder(folder, name, async (work) => {
    const [tree, tar] = [join(work, 'out'), join(work, TAR)];
    mkdirSync(tree);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), text);
    }
    await archive(hostExec, { tree, tar, epoch: 1, dates: 'fixed', keepOwners: false });
    cache.put({ version: 2, name, key, ...(await surveyTar(tar, work)) }, work);
  });
  return key;
}

const standing = (layers: readonly PlannedLayer[]): Record<string, string> =>
  Object.fromEntries(
    resolveLayers(layers, cache).map(({ layer: { name }, cached, waitsFor, damaged }) => [
      name,
      cached !== undefined
        ? 'built'
        : damaged
          ? 'damaged'
          : waitsFor.length > 0
            ? `waits for ${waitsFor.join(', ')}`
            : 'to be built',
    ]),
  );

const BASE = { 'lib/libc': '1', 'kernel/vmlinuz': '1', 'bin/sh': '1' };

async function buildAll(layers: readonly PlannedLayer[]): Promise<void> {
  await build(layers, 'os', BASE);
  await build(layers, 'spark', { jar: '' });
  await build(layers, 'conda', { python: '' });
  await build(layers, 'code', { etl: '' });
}

describe('how layers stand with the cache', () => {
  it('has a key for each as soon as what it sees is built', async () => {
    expect(standing(plan('a'))).toEqual({
      os: 'to be built',
      spark: 'to be built',
      conda: 'waits for os',
      code: 'waits for os, conda',
    });
    await build(plan('a'), 'os', BASE);
    expect(standing(plan('a'))).toMatchObject({ conda: 'to be built', code: 'waits for conda' });
    await buildAll(plan('a'));
    expect(new Set(Object.values(standing(plan('a'))))).toEqual(new Set(['built']));
  });

  it.each<[string, Readonly<Record<string, string>>, object]>([
    ['nothing: all that see it stay', {}, { conda: 'built', code: 'built' }],
    ['what nobody sees: all stay', { 'kernel/vmlinuz': '2' }, { conda: 'built', code: 'built' }],
    ['what one sees: that one is built', { 'bin/sh': '2' }, { conda: 'built', code: 'to be built' }],
    [
      'what both see: one is built, the other waits for it',
      { 'lib/libc': '2' },
      { conda: 'to be built', code: 'waits for conda' },
    ],
  ])('when the base is built again, and changes %s', async (_, change, expected) => {
    await buildAll(plan('a'));
    const again = plan('b');
    expect(standing(again)).toEqual({
      os: 'to be built',
      spark: 'built',
      conda: 'waits for os',
      code: 'waits for os, conda',
    });
    await build(again, 'os', { ...BASE, ...change });
    expect(standing(again)).toMatchObject({ spark: 'built', ...expected });
  });

  it('stops at a layer that was built anew and is the same', async () => {
    await buildAll(plan('a'));
    const again = plan('b');
    await build(again, 'os', { ...BASE, 'lib/libc': '2' });
    await build(again, 'conda', { python: '' });
    // It sees the library too; with that as it was before, nothing is left to build.
    expect(standing(again)).toMatchObject({ code: 'to be built' });
    await build(plan('c'), 'os', BASE);
    expect(standing(plan('c'))).toMatchObject({ conda: 'built', code: 'built' });
  });

  it('names the first layer that is missing to whoever asks for one that sees it', () => {
    expect(() => requireKeyed(plan('a'), cache, 'code')).toThrow(
      'layer code sees layer os, which is not built',
    );
  });

  it('knows a layer whose manifest is damaged, and waits for it', async () => {
    const layers = plan('damaged');
    const key = await build(layers, 'os', { ...BASE, 'lib/own': String(Math.PI) });
    const { manifest } = cache.get(key) ?? { manifest: '' };
    writeFileSync(manifest, '#mtree\n');
    expect(standing(layers)).toMatchObject({ os: 'damaged', conda: 'waits for os' });
  });

  it('is what the schedule is made of: a step for each layer that is not built, with what it took before', async () => {
    await build(plan('a'), 'spark', { jar: '' });
    const steps = stepsOf(resolveLayers(plan('a'), cache), { os: { milliseconds: 46_000, bytes: 1 } });
    expect(steps.map(({ name, needs, seconds }) => ({ name, needs, seconds }))).toEqual([
      { name: 'os', needs: [], seconds: 46 },
      { name: 'conda', needs: ['os'], seconds: 10 },
      { name: 'code', needs: ['os', 'conda'], seconds: 10 },
    ]);
  });
});
