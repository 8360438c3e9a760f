import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LayerName } from '../contracts/layers';
import type { Lock } from '../contracts/lock';
import { defined } from '../defined';
import { KilnError } from '../errors';
import type { Exec } from '../ports/machine/exec';
import { withThreads } from '../processes/threads';
import type { Project } from '../project';
import { admit, type Vault } from '../vault';
import { archive } from './archive';
import { LayerCache, TAR, type CachedLayer } from './cache';
import { GIVEN } from './given';
import { surveyTar } from './manifest';
import { choiceVariables, type PlannedLayer } from './plan';
import { requireKeyed, type KeyedLayer, type Seen } from './resolve';
import { runRecipe } from './sandbox';
import type { Unpacked } from './tree-check';
import { unpackedTree } from './trees';
import { withWorkFolder } from '../files/work-folder';

export interface BuildContext {
  readonly project: Project;
  readonly exec: Exec;
  readonly vault: Vault;
  /** factory.yaml's folder of the code package. */
  readonly code: string;
  readonly lock: Lock;
  /** All layers. */
  readonly plan: readonly PlannedLayer[];
  /** Where recipes' output goes, appended. */
  readonly log: string;
  /** What decides a layer as the project's files are now: what was edited during the build must not count as built. */
  readonly ownNow: (name: LayerName) => Promise<string | undefined>;
  /** Called with what of the cache was damaged and is made again. */
  readonly onDamage: (layer: LayerName, what: string) => void;
  /** Called with what a person should know of the sources. */
  readonly onNote?: (layer: LayerName, what: string) => void;
  readonly onLine?: (line: string) => void;
  /** Called with which folder the layer's tree grows in. */
  readonly onTree?: (folder: string) => void;
  /** Called when it waits for other threads or for programs: this thread has time. */
  readonly onWaiting?: () => void;
  /** Ends the recipe. */
  readonly signal?: AbortSignal;
}

/** The variable that names the folder of a layer's tree: KILN_OS_TREE. */
const treeVariable = (name: LayerName): string => `KILN_${name.toUpperCase().replaceAll('-', '_')}_TREE`;

/** What the recipe sees of other layers, by name, unpacked. */
async function trees(context: BuildContext, layer: KeyedLayer): Promise<ReadonlyMap<LayerName, string>> {
  if (layer.sees.length === 0) return new Map();
  const { exec, project, plan } = context;
  return await withThreads<Unpacked, string | undefined, ReadonlyMap<LayerName, string>>(
    join(__dirname, 'worker.js'),
    async (difference) => {
      const unpack = (seen: Seen): Promise<string> =>
        unpackedTree(exec, project.cache, seen, {
          onDamage: (what) => {
            context.onDamage(seen.layer.name, what);
          },
          difference,
        });
      const found = new Map<LayerName, string>();
      // Side by side, for every byte of them is read; what is damaged is built again one after the other.
      const unpacking = layer.sees.map(unpack);
      context.onWaiting?.();
      const unpacked = await Promise.allSettled(unpacking);
      for (const [index, { layer: below }] of layer.sees.entries()) {
        const tree = unpacked[index];
        if (tree?.status === 'fulfilled') {
          found.set(below.name, tree.value);
          continue;
        }
        const error: unknown = tree?.reason;
        if (!(error instanceof KilnError) || error.code !== 'layer-damaged') throw error;
        await rebuildLayer(context, below.name);
        // Built again it is what it was, unless its recipe does not reproduce: then this layer's key is another one.
        const again = requireKeyed(plan, new LayerCache(project.cache), layer.name).keyed.sees[index];
        if (again?.digest !== layer.sees[index]?.digest || again === undefined)
          throw new KilnError({
            code: 'layer-differs',
            what: `layer ${below.name} was damaged, and what was built in its place is not the same`,
            hint: 'bake again: all layers that see it are built anew',
          });
        found.set(below.name, await unpack(again));
      }
      return found;
    },
  );
}

/** Discards a damaged layer of the cache and builds it again. */
export async function rebuildLayer(context: BuildContext, name: LayerName): Promise<CachedLayer> {
  const { project, plan } = context;
  const cache = new LayerCache(project.cache);
  const { keyed } = requireKeyed(plan, cache, name);
  context.onDamage(name, `layer ${name} is damaged in the cache: it is built again`);
  await cache.discard(keyed.key);
  return await buildLayer(context, keyed);
}

/**
 * The layer of that key: from the cache, else built by its recipe and put there.
 * @throws KilnError `recipe-failed`, `recipe-limit`, `layer-differs`, `layer-empty`, `sources-changed`, and the vault's.
 */
export async function buildLayer(context: BuildContext, layer: KeyedLayer): Promise<CachedLayer> {
  const { project, exec, vault } = context;
  const { name, declared, parts } = layer;
  const cache = new LayerCache(project.cache);
  const cached = cache.get(layer.key);
  if (cached !== undefined) return cached;
  await admit(vault, layer.inputs);
  const unpacked = await trees(context, layer);
  return await withWorkFolder(project.cache, name, async (work) => {
    const folder = (made: string): string => {
      const path = join(work, made);
      mkdirSync(path, { mode: 0o755 });
      return path;
    };
    const [inputs, out, tmp, root] = [folder('in'), folder('out'), folder('tmp'), folder('root')];
    await vault.place(layer.inputs, inputs);
    const lock = join(work, 'lock.json');
    writeFileSync(lock, JSON.stringify(layer.lockPart), { mode: 0o644 });
    const given = await Promise.all(
      declared.given.map((each) => GIVEN[each].place(context, { work, inputs })),
    );
    for (const note of given.flatMap(({ notes = [] }) => notes)) context.onNote?.(name, note);
    context.onTree?.(out);
    const running = runRecipe(exec, {
      ...{ project, name, out, inputs, tmp, root, lock, limits: declared.limits },
      visible: [
        ...declared.sources.map((path) => join(project.home, path)),
        ...unpacked.values(),
        ...given.flatMap(({ visible = [] }) => visible),
      ],
      environment: {
        ...declared.environment,
        ...choiceVariables(layer, context.lock),
        ...Object.fromEntries([...unpacked].map(([below, tree]) => [treeVariable(below), tree])),
        ...Object.fromEntries(given.flatMap(({ environment = {} }) => Object.entries(environment))),
      },
      epoch: parts.epoch,
      log: context.log,
      ...defined({ onLine: context.onLine, signal: context.signal }),
    });
    context.onWaiting?.();
    await running;
    if ((await context.ownNow(name)) !== layer.own) {
      throw new KilnError({
        code: 'sources-changed',
        what: `files that layer ${name} is made of changed while it was built`,
        hint: 'bake again when nothing edits them',
      });
    }
    const tar = join(work, TAR);
    await archive(exec, {
      ...{ tree: out, tar, epoch: parts.epoch },
      // Only the base system has users of its own; what is not dated by the lock has one date.
      keepOwners: context.plan[0]?.name === name,
      dates: declared.lock.includes('epoch') ? 'clamped' : 'fixed',
    });
    const surveyed = await surveyTar(tar, work);
    // A recipe that had inputs and made nothing of them went wrong without a word.
    if (surveyed.entries <= 1 && layer.inputs.length > 0) {
      throw new KilnError({
        code: 'layer-empty',
        what: `the recipe of layer ${name} made no file of its ${String(layer.inputs.length)} inputs`,
        hint: `images/layers/${name}/build; the log: ${context.log}`,
      });
    }
    return cache.put({ version: 2, name, key: layer.key, ...surveyed }, work);
  });
}
