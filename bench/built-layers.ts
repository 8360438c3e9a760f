import type { CachedLayer, LayerCache } from '../factory/layers/cache';
import type { PlannedLayer } from '../factory/layers/plan';
import { resolveLayers } from '../factory/layers/resolve';

/** The layers of the image, in their order, all of which were baked. */
export const builtLayers = (plan: readonly PlannedLayer[], cache: LayerCache): readonly CachedLayer[] =>
  resolveLayers(plan, cache)
    .filter(({ layer }) => layer.declared.inImage)
    .map(({ layer, cached }) => {
      if (cached === undefined) throw new Error(`layer ${layer.name} is not in the cache: kiln bake`);
      return cached;
    });
