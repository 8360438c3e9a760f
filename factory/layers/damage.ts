import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { KilnError } from '../errors';
import type { CachedLayer } from './cache';
import { allOf, type GrowingLayers } from './growing';
import { fileSha256 } from './tree-digest';

/** A layer of the cache that is not what was built. */
export const layerDamaged = (layer: Pick<CachedLayer, 'name' | 'tar'>): KilnError =>
  new KilnError({
    code: 'layer-damaged',
    what: `layer ${layer.name} in the cache is not what was built: ${layer.tar}`,
    hint: 'kiln bake discards it and builds it again; if it happens often, look at this disk and its memory',
  });

/**
 * The text of a layer's manifest.
 * @throws KilnError `layer-damaged` when it is not what was written.
 */
export function soundManifest(layer: CachedLayer): string {
  const text = readFileSync(layer.manifest);
  if (`sha256:${createHash('sha256').update(text).digest('hex')}` !== layer.manifestDigest)
    throw layerDamaged(layer);
  return text.toString();
}

async function isDamaged(layer: CachedLayer): Promise<boolean> {
  for (const [file, digest] of [
    [layer.tar, layer.digest],
    [layer.headers, layer.headersDigest],
    [layer.manifest, layer.manifestDigest],
  ] as const)
    if (`sha256:${await fileSha256(file)}` !== digest) return true;
  return false;
}

/** Those that are not what was built; reads every byte. */
export async function damagedOf(layers: readonly CachedLayer[]): Promise<CachedLayer[]> {
  const damaged: CachedLayer[] = [];
  for (const layer of layers) {
    if (await isDamaged(layer)) damaged.push(layer);
  }
  return damaged;
}

/**
 * Does the work; when it fails and a layer is damaged, for whatever a parser made of it, the damaged ones are
 * mended and it is done once more.
 * @param find begins to build those that are not there.
 * @throws the work's own error when no layer is to blame, that of a layer's build when it failed.
 */
export async function mendingLayers<T>(
  find: () => Promise<GrowingLayers>,
  work: (layers: GrowingLayers) => Promise<T>,
  mend: (damaged: readonly CachedLayer[]) => Promise<void>,
): Promise<T> {
  const layers = await find();
  try {
    return await work(layers);
  } catch (error) {
    const damaged = await damagedOf(await allOf(layers));
    if (damaged.length === 0 && layers.isMended?.() !== true) throw error;
    await mend(damaged);
  }
  return await work(await find());
}
