import type { LayerName } from '../contracts/layers';
import type { ManifestEntry } from '../contracts/manifest';
import { defined } from '../defined';
import { KilnError } from '../errors';
import type { CachedLayer, LayerCache } from './cache';
import { soundManifest } from './damage';
import { layerKey, type LayerParts } from './key';
import { manifestLines } from './manifest';
import type { PlannedLayer } from './plan';
import type { View } from '../recipes/declaration';
import { visibleDigest, visibleEntries } from './view';

/** What a recipe sees of a layer that is built. */
export interface Seen {
  readonly layer: CachedLayer;
  readonly entries: readonly ManifestEntry[];
  readonly digest: string;
}

/** A layer whose key is known: all that it sees is built. */
export interface KeyedLayer extends PlannedLayer {
  readonly key: string;
  readonly parts: LayerParts;
  /** In the order in which they are declared. */
  readonly sees: readonly Seen[];
}

/** How a layer stands with a cache. */
export interface Standing {
  readonly layer: PlannedLayer;
  /** Undefined while a layer that it sees is not built. */
  readonly keyed?: KeyedLayer;
  /** Undefined when it is to be built, or that is not known yet. */
  readonly cached?: CachedLayer;
  /** Whether what is in the cache under its key is not what was built: it is built again. */
  readonly damaged: boolean;
  /** Layers that it sees that are not built. */
  readonly waitsFor: readonly LayerName[];
}

type Parsed = readonly ManifestEntry[];

/** Manifests by digest, and what views show of them: a bake asks for the same ones over and over. */
const parsed = new Map<string, Parsed>();
const views = new Map<string, Pick<Seen, 'entries' | 'digest'>>();

/** The entries of a built layer; undefined when its manifest is damaged. */
function manifestOf(layer: CachedLayer): Parsed | undefined {
  const known = parsed.get(layer.manifestDigest);
  if (known !== undefined) return known;
  try {
    const entries = [...manifestLines(soundManifest(layer))].map(({ entry }) => entry);
    parsed.set(layer.manifestDigest, entries);
    return entries;
  } catch (error) {
    if (error instanceof KilnError && error.code === 'layer-damaged') return undefined;
    throw error;
  }
}

/** The part of a built layer that a recipe sees. */
function seen(layer: CachedLayer, all: Parsed, view: View, epoch: number): Seen {
  const name = JSON.stringify([layer.manifestDigest, view, epoch]);
  let shown = views.get(name);
  if (shown === undefined) {
    const entries = visibleEntries(all, view, epoch);
    shown = { entries, digest: visibleDigest(entries) };
    views.set(name, shown);
  }
  return { layer, ...shown };
}

/**
 * Every layer of a plan with its key, as far as the layers that it sees are in the cache: a key takes the digest of what
 * its recipe sees of them, so a layer below that was built anew and shows the same leaves it as it is.
 */
export function resolveLayers(plan: readonly PlannedLayer[], cache: LayerCache): readonly Standing[] {
  const found = new Map<LayerName, Standing>();
  const isSeen = new Set(plan.flatMap(({ declared }) => declared.sees.map(({ layer }) => layer)));
  for (const layer of plan) {
    const sees = layer.declared.sees.flatMap((view) => {
      const below = found.get(view.layer);
      const all = below?.cached === undefined ? undefined : manifestOf(below.cached);
      return below?.cached === undefined || all === undefined
        ? []
        : [seen(below.cached, all, view, below.layer.parts.epoch)];
    });
    const there = new Set(sees.map(({ layer: { name } }) => name));
    const waitsFor = layer.declared.sees.map((view) => view.layer).filter((name) => !there.has(name));
    if (waitsFor.length > 0) {
      found.set(layer.name, { layer, damaged: false, waitsFor });
      continue;
    }
    const parts = {
      ...layer.parts,
      sees: Object.fromEntries(sees.map(({ layer: { name }, digest }) => [name, digest])),
    };
    const key = layerKey(parts);
    const keyed = { ...layer, key, parts, sees };
    const cached = cache.get(key);
    const damaged = cached !== undefined && isSeen.has(layer.name) && manifestOf(cached) === undefined;
    found.set(layer.name, {
      ...{ layer, keyed, damaged, waitsFor },
      ...defined({ cached: damaged ? undefined : cached }),
    });
  }
  return [...found.values()];
}

/**
 * One layer of them, all of whose layers below are built.
 * @throws KilnError `layer-missing` that names the first one that is not.
 */
export function requireKeyed(
  plan: readonly PlannedLayer[],
  cache: LayerCache,
  name: LayerName,
): Standing & { readonly keyed: KeyedLayer } {
  const standing = resolveLayers(plan, cache).find(({ layer }) => layer.name === name);
  if (standing === undefined) throw new Error(`layer ${name} is not planned`);
  const { keyed, waitsFor } = standing;
  if (keyed !== undefined) return { ...standing, keyed };
  const missing = waitsFor[0] ?? '';
  throw new KilnError({
    code: 'layer-missing',
    what: `layer ${name} sees layer ${missing}, which is not built`,
    hint: `kiln bake, or kiln layer ${missing} first`,
  });
}
