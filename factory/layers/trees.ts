import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { KilnError } from '../errors';
import type { Exec } from '../ports/exec';
import type { CachedLayer } from './cache';
import { fileSha256 } from './tree-digest';

/** Milliseconds; no recipe takes longer. */
const IN_USE = 3_600_000;

/**
 * A layer unpacked, for recipes that run programs of the image: `trees/<layer>-<key>` in the user's cache,
 * whole or not at all; those of a layer that were not used lately go when a new one comes.
 */
export async function unpackedTree(exec: Exec, cache: string, layer: CachedLayer): Promise<string> {
  const parent = join(cache, 'trees');
  const tree = join(parent, `${layer.name}-${layer.key}`);
  if (existsSync(tree)) return used(tree);
  if (`sha256:${await fileSha256(layer.tar)}` !== layer.digest) {
    throw new KilnError({
      code: 'layer-damaged',
      what: `layer ${layer.name} in the cache is not what was built: ${layer.tar}`,
      hint: 'remove its folder and bake again',
    });
  }
  mkdirSync(parent, { recursive: true });
  forget(parent, `${layer.name}-`);
  const coming = join(parent, `${layer.name}-${layer.key}.${randomBytes(6).toString('hex')}.tmp`);
  mkdirSync(coming);
  await exec.run('tar', [
    '--extract',
    `--file=${layer.tar}`,
    `--directory=${coming}`,
    '--numeric-owner',
    '--same-owner',
    '--preserve-permissions',
  ]);
  try {
    renameSync(coming, tree);
  } catch (error) {
    if (!existsSync(tree)) throw error;
    // Another bake was first, with the same bytes.
    rmSync(coming, { recursive: true, force: true });
  }
  return used(tree);
}

/** Notes the use in the folder's own time, which `forget` goes by. */
function used(tree: string): string {
  const now = new Date();
  utimesSync(tree, now, now);
  return tree;
}

/** Removes the layer's other trees, and halves of trees, that no bake can be using any more. */
function forget(parent: string, prefix: string): void {
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith(prefix))) {
    const folder = join(parent, name);
    const since = statSync(folder, { throwIfNoEntry: false })?.ctimeMs ?? 0;
    if (Date.now() - since > IN_USE) rmSync(folder, { recursive: true, force: true });
  }
}
