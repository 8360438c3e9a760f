import { type CachedLayer, LayerCache } from '../layers/cache';
import type { GrowingLayers } from '../layers/growing';
import { buildTelling } from './layer-step';
import type { Session } from './session';

/**
 * All layers of the plan, those that are not in the cache built. The last of them is still on its way when this
 * returns: while its recipe runs there is time to read the others.
 */
export async function growLayers(session: Session): Promise<GrowingLayers> {
  const { plan, project } = session;
  const cache = new LayerCache(project.cache);
  const cached = (from: number, to: number): CachedLayer[] =>
    plan.slice(from, to).map(({ name, key }) => {
      const layer = cache.get(key);
      if (layer === undefined) throw new Error(`layer ${name} is gone again`);
      return layer;
    });
  const missing = plan.filter(({ key }) => cache.get(key) === undefined);
  const last = missing.pop();
  if (last === undefined) return { built: cached(0, plan.length) };
  for (const layer of missing) await buildTelling(session, layer);
  const at = plan.indexOf(last);
  return await new Promise((resolve, reject) => {
    const building = buildTelling(session, last, () => {
      resolve({ built: cached(0, at), above });
    });
    const above = building.then(() => cached(at, plan.length));
    // Whoever reads the others first hears of it when they ask; before its recipe began nobody was told of it.
    above.then(() => {
      resolve({ built: cached(0, plan.length) });
    }, reject);
  });
}
