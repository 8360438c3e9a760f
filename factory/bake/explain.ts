import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { LayerName } from '../contracts/layers';
import { KilnError } from '../errors';
import { type CachedLayer, LayerCache } from '../layers/cache';
import { soundManifest } from '../layers/damage';
import { differences } from '../layers/key';
import { manifestLines } from '../layers/manifest';
import { resolveLayers, type Seen, type Standing } from '../layers/resolve';
import { changedPaths, visibleEntries } from '../layers/view';
import type { Project } from '../project';
import type { Session } from './session';

export interface Explained {
  readonly layer: LayerName;
  /** Null while a layer that it sees is not built. */
  readonly key: string | null;
  readonly cached: boolean;
  /** Why it differs from the last bake's; empty when it does not, or when there was none. */
  readonly because: readonly string[];
}

/** Paths that are named of a tree that changed. */
const NAMED = 3;

/** A layer of the last bake. */
const Baked = z.object({
  name: z.string(),
  key: z.string(),
  recipe: z.string(),
  inputs: z.record(z.string(), z.string()),
  sources: z.record(z.string(), z.string()),
  sees: z.record(z.string(), z.string()),
  epoch: z.number(),
});
type Baked = z.infer<typeof Baked>;

const lastFile = (project: Project): string => join(project.state, 'bakes', 'last.json');

/** The layers of the last bake; none where there was none, or another kiln baked. */
function lastLayers(project: Project): ReadonlyMap<LayerName, Baked> {
  if (!existsSync(lastFile(project))) return new Map();
  try {
    const layers = z.array(Baked).parse(JSON.parse(readFileSync(lastFile(project), 'utf8')));
    return new Map(layers.map((each) => [each.name, each]));
  } catch {
    return new Map();
  }
}

/** Keeps what the layers of a bake were made of, for the next `explain`. */
export function rememberLayers({ project, plan }: Session): void {
  const file = lastFile(project);
  const layers = resolveLayers(plan, new LayerCache(project.cache)).flatMap(({ keyed }) =>
    keyed === undefined ? [] : [{ ...keyed.parts, key: keyed.key }],
  );
  mkdirSync(join(project.state, 'bakes'), { recursive: true });
  writeFileSync(`${file}.tmp`, `${JSON.stringify(layers, null, 2)}\n`);
  renameSync(`${file}.tmp`, file);
}

/** What a recipe saw of that layer; undefined when the layer is no longer in the cache as it was. */
function seenThen(layer: CachedLayer | undefined, now: Standing, below: Seen, was: Baked | undefined) {
  const view = now.layer.declared.sees.find((each) => each.layer === below.layer.name);
  if (layer === undefined || view === undefined || was === undefined) return undefined;
  try {
    const all = [...manifestLines(soundManifest(layer))].map(({ entry }) => entry);
    return visibleEntries(all, view, was.epoch);
  } catch (error) {
    if (error instanceof KilnError && error.code === 'layer-damaged') return undefined;
    throw error;
  }
}

const named = (paths: readonly string[]): string =>
  `${paths.slice(0, NAMED).join(', ')}${paths.length > NAMED ? ` and ${String(paths.length - NAMED)} more` : ''}`;

/** What a bake would do, layer by layer, and why. */
export function explain({ project, plan }: Session): Explained[] {
  const cache = new LayerCache(project.cache);
  const last = lastLayers(project);
  return resolveLayers(plan, cache).map((standing) => {
    const { layer, keyed, cached } = standing;
    const before = last.get(layer.name);
    const parts = keyed?.parts ?? layer.parts;
    /** `what it sees of layer os changed`, with the paths where both trees are known. */
    const withPaths = (line: string): string => {
      const below = keyed?.sees.find((each) => line === `what it sees of layer ${each.layer.name} changed`);
      if (below === undefined) return line;
      const was = last.get(below.layer.name);
      const then = seenThen(was === undefined ? undefined : cache.get(was.key), standing, below, was);
      return then === undefined ? line : `${line}: ${named(changedPaths(then, below.entries))}`;
    };
    return {
      layer: layer.name,
      key: keyed?.key ?? null,
      cached: cached !== undefined,
      because: before === undefined ? [] : differences(before, parts).map(withPaths),
    };
  });
}
