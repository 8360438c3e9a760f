import { existsSync, lutimesSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Exec } from '../ports/machine/exec';
import type { Doing } from '../processes/threads';
import type { CachedLayer } from './cache';
import { damagedOf, layerDamaged } from './damage';
import { moveAway, moveIn } from './move';
import type { Seen } from './resolve';
import { tarMembers } from './tar';
import { firstDifference, type Unpacked } from './tree-check';
import { FIXED_DATE } from './view';
import { withWorkFolder } from '../files/work-folder';

/** Milliseconds; no recipe takes longer. */
const IN_USE = 3_600_000;

export interface TreeOptions {
  /** Called when it was another than was unpacked. */
  readonly onDamage?: (what: string) => void;
  /** By whom it is compared; by default in this thread. */
  readonly difference?: Doing<Unpacked, string | undefined>;
}

/**
 * What a recipe sees of a layer, unpacked: `trees/<layer>-<digest of what is seen>` in the user's cache, whole or not at
 * all, and compared before it is used again; those of a layer that were not used lately go when a new one comes.
 */
export async function unpackedTree(
  exec: Exec,
  cache: string,
  { layer, entries, digest }: Seen,
  options: TreeOptions = {},
): Promise<string> {
  const { difference = (unpacked: Unpacked) => Promise.resolve(firstDifference(unpacked)) } = options;
  const parent = join(cache, 'trees');
  const tree = join(parent, `${layer.name}-${digest}`);
  if (existsSync(tree)) {
    const path = await difference({ tree, entries });
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
    await unpack(exec, layer, entries, coming);
    // If another bake was first, it was with the same bytes.
    moveIn(coming, tree);
  });
  return used(tree);
}

/** Files that others of the list are hard links to, and that it does not have: tar makes a link only to what is there. */
function linkTargets(layer: CachedLayer, listed: ReadonlySet<string>): readonly string[] {
  const plain = (name: string): string => name.replace(/^\.(\/|$)/, '').replace(/\/$/, '');
  const targets = new Set<string>();
  const members = tarMembers(layer.headers, () => undefined, 'headers alone');
  for (const { name, type, linkname } of members) {
    if (type !== 'link' || !listed.has(plain(name)) || typeof linkname !== 'string') continue;
    if (!listed.has(plain(linkname))) targets.add(plain(linkname));
  }
  return [...targets];
}

async function unpack(
  exec: Exec,
  layer: CachedLayer,
  entries: Seen['entries'],
  target: string,
): Promise<void> {
  const listed = new Set(entries.map(({ path }) => path));
  const targets = linkTargets(layer, listed);
  const names = [...[...listed].filter((path) => path !== ''), ...targets];
  await exec.run(
    'tar',
    [
      '--extract',
      `--file=${layer.tar}`,
      `--directory=${target}`,
      '--numeric-owner',
      '--same-owner',
      '--preserve-permissions',
      '--no-recursion',
      '--null',
      '--verbatim-files-from',
      '--no-unquote',
      '--files-from=-',
    ],
    { input: names.map((path) => `./${path}\0`).join('') },
  );
  for (const path of targets) rmSync(join(target, path));
  // The deepest first: what is made in a folder dates it. Folders and links have the fixed date, as has what the layer's
  // epoch dated.
  for (const { path, type, time } of [...entries].reverse())
    if (type !== 'file' || time === FIXED_DATE) lutimesSync(join(target, path), FIXED_DATE, FIXED_DATE);
}

/** Notes the use in the folder's own time of change, which `forget` goes by. */
function used(tree: string): string {
  utimesSync(tree, FIXED_DATE, FIXED_DATE);
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
