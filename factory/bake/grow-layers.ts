import { type CachedLayer, LayerCache } from '../layers/cache';
import type { GrowingLayers } from '../layers/growing';
import { buildTelling } from './layer-step';
import type { Session } from './session';

/**
 * All layers of the plan; those that are not in the cache are built, one after the other. Returns as soon as that
 * waits for something: there is time to read the others.
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
  const [first] = missing;
  if (first === undefined) return { built: cached(0, plan.length) };
  const at = plan.indexOf(first);
  const built = cached(0, at);
  let isMended = false;
  const onDamage = (): void => {
    isMended = true;
  };
  return await new Promise((resolve, reject) => {
    const build = async (): Promise<readonly CachedLayer[]> => {
      for (const layer of missing) await buildTelling(session, layer, { onDamage, onWaiting });
      return cached(at, plan.length);
    };
    const onWaiting = (): void => {
      resolve({ built, above, isMended: () => isMended });
    };
    const above = build();
    above.then(onWaiting, reject);
  });
}
