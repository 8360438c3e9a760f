import { existsSync, mkdirSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Exec } from '../ports/machine/exec';
import type { Doing } from '../processes/threads';
import type { CachedLayer } from './cache';
import { damagedOf, layerDamaged, soundManifest } from './damage';
import { moveAway, moveIn } from './move';
import { firstDifference, type Unpacked } from './tree-check';
import { withWorkFolder } from '../files/work-folder';

/** Milliseconds; no recipe takes longer. */
const IN_USE = 3_600_000;

export interface TreeOptions {
  /** Told that it was another than was unpacked. */
  readonly onDamage?: (what: string) => void;
  /** By whom it is compared; by default in this thread. */
  readonly difference?: Doing<Unpacked, string | undefined>;
  /** Folders whose files nobody is going to see. */
  readonly hidden?: readonly string[];
}

/**
 * A layer unpacked, for recipes that run programs of the image: `trees/<layer>-<key>` in the user's cache,
 * whole or not at all, and compared with the layer's manifest before it is used again; those of a layer that were not used lately go when a new one comes.
 */
export async function unpackedTree(
  exec: Exec,
  cache: string,
  layer: CachedLayer,
  options: TreeOptions = {},
): Promise<string> {
  const { hidden = [], difference = (unpacked: Unpacked) => Promise.resolve(firstDifference(unpacked)) } =
    options;
  const parent = join(cache, 'trees');
  const tree = join(parent, `${layer.name}-${layer.key}`);
  // What the tree is compared with; a damaged one is built again with its layer.
  soundManifest(layer);
  if (existsSync(tree)) {
    const path = await difference({ tree, manifest: layer.manifest, hidden });
    if (path === undefined) return used(tree);
    options.onDamage?.(`the unpacked layer ${layer.name} differs at ${path}: it is unpacked again`);
    await withWorkFolder(cache, 'tree', (work) => {
      moveAway(tree, work);
      return Promise.resolve();
    });
  }
  if ((await damagedOf([layer])).length > 0) throw layerDamaged(layer);
  mkdirSync(parent, { recursive: true });
  await withWorkFolder(cache, 'tree', async (work) => {
    forget(parent, `${layer.name}-`, work);
    const coming = join(work, 'coming');
    mkdirSync(coming);
    await exec.run('tar', [
      '--extract',
      `--file=${layer.tar}`,
      `--directory=${coming}`,
      '--numeric-owner',
      '--same-owner',
      '--preserve-permissions',
    ]);
    // If another bake was first, it was with the same bytes.
    moveIn(coming, tree);
  });
  return used(tree);
}

/** Notes the use in the folder's own time, which `forget` goes by. */
function used(tree: string): string {
  const now = new Date();
  utimesSync(tree, now, now);
  return tree;
}

/** Removes the layer's other trees that no bake can be using any more. */
function forget(parent: string, prefix: string, work: string): void {
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith(prefix))) {
    const folder = join(parent, name);
    const since = statSync(folder, { throwIfNoEntry: false })?.ctimeMs ?? 0;
    if (Date.now() - since > IN_USE) moveAway(folder, work);
  }
}
