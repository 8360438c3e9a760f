import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { placeSource } from '../code/place';
import { codeSource, notesOf } from '../code/source';
import type { LayerName } from '../contracts/layers';
import type { Lock } from '../contracts/lock';
import { KilnError } from '../errors';
import type { Exec } from '../ports/machine/exec';
import { withThreads } from '../processes/threads';
import type { Project } from '../project';
import { admit, type Vault } from '../vault';
import { archive } from './archive';
import { LayerCache, TAR, type CachedLayer } from './cache';
import { surveyTar } from './manifest';
import { hiddenOf, nodeSchema, UNPACKED, type PlannedLayer } from './plan';
import { runRecipe, type PlacedSource } from './sandbox';
import type { Unpacked } from './tree-check';
import { unpackedTree } from './trees';
import { withWorkFolder } from '../files/work-folder';

export interface BuildContext {
  readonly project: Project;
  readonly exec: Exec;
  readonly vault: Vault;
  /** factory.yaml's folder of the code package. */
  readonly code: string;
  readonly choices: Lock['choices'];
  /** Seconds. */
  readonly epoch: number;
  /** Where recipes' output goes, appended. */
  readonly log: string;
  /** A layer's key as the project's files are now: what was edited during the build must not count as built. */
  readonly keyNow: (name: LayerName) => Promise<string | undefined>;
  /** Told what of the cache was damaged and is made again. */
  readonly onDamage: (layer: LayerName, what: string) => void;
  /** Called with what a person should know of the sources. */
  readonly onNote?: (what: string) => void;
  readonly onLine?: (line: string) => void;
  /** Told which folder the layer's tree grows in. */
  readonly onTree?: (folder: string) => void;
  /** Told when it waits for other threads or for programs: this thread has time. */
  readonly onWaiting?: () => void;
}

/** Layers from the bottom up to and with `name` must be planned; those below must be in the cache. */
async function trees(
  context: BuildContext,
  planned: readonly PlannedLayer[],
  layer: PlannedLayer,
): Promise<Map<string, string>> {
  const cache = new LayerCache(context.project.cache);
  const below = UNPACKED[layer.name].map(({ layer: name, hidden }) => {
    const plan = planned.find((each) => each.name === name);
    const cached = plan === undefined ? undefined : cache.get(plan.key);
    if (cached !== undefined) return { cached, hidden };
    throw new KilnError({
      code: 'layer-missing',
      what: `layer ${layer.name} is made upon layer ${name}, which is not built`,
      hint: `kiln bake, or kiln layer ${name} first`,
    });
  });
  if (below.length === 0) return new Map();
  return await withThreads<Unpacked, string | undefined, Map<string, string>>(
    join(__dirname, 'worker.js'),
    async (difference) => {
      const unpack = (from: CachedLayer, hidden?: readonly string[]): Promise<string> =>
        unpackedTree(context.exec, context.project.cache, from, {
          onDamage: (what) => {
            context.onDamage(from.name, what);
          },
          difference,
          ...(hidden === undefined ? {} : { hidden }),
        });
      const found = new Map<string, string>();
      // Side by side, for every byte of them is read; what is damaged is built again one after the other.
      const unpacking = below.map(({ cached, hidden }) => unpack(cached, hidden));
      context.onWaiting?.();
      const unpacked = await Promise.allSettled(unpacking);
      for (const [index, { cached, hidden }] of below.entries()) {
        const tree = unpacked[index];
        const { name } = cached;
        if (tree?.status === 'fulfilled') {
          found.set(name, tree.value);
          continue;
        }
        const error: unknown = tree?.reason;
        if (!(error instanceof KilnError) || error.code !== 'layer-damaged') throw error;
        found.set(name, await unpack(await rebuildLayer(context, planned, name), hidden));
      }
      return found;
    },
  );
}

/** Discards a damaged layer of the cache and builds it again. */
export async function rebuildLayer(
  context: BuildContext,
  planned: readonly PlannedLayer[],
  name: LayerName,
): Promise<CachedLayer> {
  const layer = planned.find((each) => each.name === name);
  if (layer === undefined) throw new Error(`layer ${name} is not planned`);
  context.onDamage(name, `layer ${name} is damaged in the cache: it is built again`);
  await new LayerCache(context.project.cache).discard(layer.key);
  return await buildLayer(context, planned, layer);
}

/**
 * The layer of that plan: from the cache, else built by its recipe and put there.
 * @throws KilnError `recipe-failed`, `layer-missing`, `layer-empty`, `sources-changed`, and the vault's.
 */
export async function buildLayer(
  context: BuildContext,
  planned: readonly PlannedLayer[],
  layer: PlannedLayer,
): Promise<CachedLayer> {
  const { project, exec, vault } = context;
  const cache = new LayerCache(project.cache);
  const cached = cache.get(layer.key);
  if (cached !== undefined) return cached;
  await admit(vault, layer.inputs);
  const unpacked = await trees(context, planned, layer);
  const osTree = unpacked.get('os');
  const condaTree = unpacked.get('conda');
  const sparkTree = unpacked.get('spark');
  const hadoopTree = unpacked.get('hadoop');
  return await withWorkFolder(project.cache, layer.name, async (work) => {
    const folder = (name: string): string => {
      const made = join(work, name);
      mkdirSync(made, { mode: 0o755 });
      return made;
    };
    const [inputs, out, tmp, root] = [folder('in'), folder('out'), folder('tmp'), folder('root')];
    await vault.place(layer.inputs, inputs);
    if (layer.name === 'node') writeFileSync(join(inputs, 'node.schema.json'), nodeSchema(), { mode: 0o644 });
    let source: PlacedSource | undefined;
    if (layer.name === 'code') {
      const found = await codeSource(project, context.code, exec);
      source = { tree: join(work, 'source'), folder: found.folder, history: found.history !== undefined };
      await placeSource(found, source.tree, exec);
      for (const note of notesOf(found)) context.onNote?.(note);
    }
    context.onTree?.(out);
    const running = runRecipe(exec, {
      project,
      recipe: join(project.home, 'images', 'layers', layer.name, 'build'),
      out,
      inputs,
      tmp,
      root,
      jars: context.choices.jars.value,
      spark: context.choices.spark.value,
      classData: context.choices.classData.value,
      epoch: context.epoch,
      log: context.log,
      ...(context.onLine === undefined ? {} : { onLine: context.onLine }),
      ...(source === undefined ? {} : { source }),
      ...(osTree === undefined ? {} : { osTree, osHidden: hiddenOf(layer.name) }),
      ...(condaTree === undefined ? {} : { condaTree }),
      ...(sparkTree === undefined ? {} : { sparkTree }),
      ...(hadoopTree === undefined ? {} : { hadoopTree }),
    });
    context.onWaiting?.();
    await running;
    if ((await context.keyNow(layer.name)) !== layer.key) {
      throw new KilnError({
        code: 'sources-changed',
        what: `files that layer ${layer.name} is made of changed while it was built`,
        hint: 'bake again when nothing edits them',
      });
    }
    const tar = join(work, TAR);
    await archive(exec, { tree: out, tar, epoch: context.epoch, keepOwners: layer.name === 'os' });
    const surveyed = await surveyTar(tar, work);
    // A recipe that had inputs and made nothing of them went wrong without a word.
    if (surveyed.entries <= 1 && layer.inputs.length > 0) {
      throw new KilnError({
        code: 'layer-empty',
        what: `the recipe of layer ${layer.name} made no file of its ${String(layer.inputs.length)} inputs`,
        hint: `images/layers/${layer.name}/build; the log: ${context.log}`,
      });
    }
    return cache.put({ version: 2, name: layer.name, key: layer.key, ...surveyed }, work);
  });
}
