import { KilnError } from '../errors';
import type { CachedLayer } from './cache';
import { fileSha256 } from './tree-digest';

/** A layer of the cache whose tar is not what was built. */
export const layerDamaged = (layer: Pick<CachedLayer, 'name' | 'tar'>): KilnError =>
  new KilnError({
    code: 'layer-damaged',
    what: `layer ${layer.name} in the cache is not what was built: ${layer.tar}`,
    hint: 'kiln bake discards it and builds it again; if it happens often, look at this disk and its memory',
  });

/** Those whose tars are not what was built; reads every byte. */
export async function damagedOf<T extends Pick<CachedLayer, 'tar' | 'digest'>>(
  layers: readonly T[],
): Promise<T[]> {
  const damaged: T[] = [];
  for (const layer of layers) {
    if (`sha256:${await fileSha256(layer.tar)}` !== layer.digest) damaged.push(layer);
  }
  return damaged;
}

/**
 * Does the work; when it fails and a layer is damaged, for whatever a parser made of it, the damaged ones are
 * mended and it is done once more.
 * @throws the work's own error when no layer is to blame.
 */
export async function mendingLayers<T>(
  find: () => readonly CachedLayer[],
  work: (layers: readonly CachedLayer[]) => Promise<T>,
  mend: (damaged: readonly CachedLayer[]) => Promise<void>,
): Promise<T> {
  const layers = find();
  try {
    return await work(layers);
  } catch (error) {
    const damaged = await damagedOf(layers);
    if (damaged.length === 0) throw error;
    await mend(damaged);
  }
  return await work(find());
}
