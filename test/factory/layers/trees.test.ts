import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { archive } from '../../../factory/layers/archive';
import type { CachedLayer } from '../../../factory/layers/cache';
import { surveyTar } from '../../../factory/layers/manifest';
import { unpackedTree } from '../../../factory/layers/trees';
import { hostExec } from '../../../factory/ports/machine/exec-host';
import { seenOf } from './seen';

let cache: string;
let layer: CachedLayer;
beforeEach(async () => {
  cache = mkdtempSync(join(tmpdir(), 'kiln-trees-'));
  mkdirSync(join(cache, 'source'));
  writeFileSync(join(cache, 'source', 'file'), 'content');
  const tar = join(cache, 'layer.tar');
  await archive(hostExec, { tree: join(cache, 'source'), tar, epoch: 1_700_000_000, keepOwners: false });
  const manifest = join(cache, 'files.mtree');
  layer = {
    version: 2,
    name: 'conda',
    key: 'a'.repeat(64),
    tar,
    manifest,
    headers: join(cache, 'layer.headers'),
    ...(await surveyTar(tar, cache)),
  };
});
afterEach(() => {
  rmSync(cache, { recursive: true, force: true });
});

test('two bakes that unpack the same layer at once both get it, and nothing half is left', async () => {
  const trees = await Promise.all([1, 2, 3].map(() => unpackedTree(hostExec, cache, seenOf(layer))));
  expect(new Set(trees).size).toBe(1);
  expect(readdirSync(join(cache, 'trees'))).toEqual([`conda-${seenOf(layer).digest}`]);
  expect(existsSync(join(trees[0] ?? '', 'file'))).toBe(true);
});

test('the tree of another bake that may be in use stays', async () => {
  await unpackedTree(hostExec, cache, seenOf(layer));
  const other = await unpackedTree(hostExec, cache, {
    ...seenOf(layer),
    digest: 'f'.repeat(64),
  });
  expect(readdirSync(join(cache, 'trees')).sort()).toEqual([
    `conda-${seenOf(layer).digest}`,
    other.split('/').at(-1),
  ]);
});
