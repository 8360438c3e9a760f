import type { CachedLayer } from '../../../factory/layers/cache';
import { soundManifest } from '../../../factory/layers/damage';
import { manifestLines } from '../../../factory/layers/manifest';
import type { Seen } from '../../../factory/layers/resolve';
import { visibleDigest, visibleEntries } from '../../../factory/layers/view';

/** What a recipe that sees those paths of a layer sees of it; by default everything. */
export function seenOf(
  layer: CachedLayer,
  only?: readonly string[],
  without: readonly string[] = [],
  epoch = 1_700_000_000,
): Seen {
  const all = [...manifestLines(soundManifest(layer))].map(({ entry }) => entry);
  const view = { without: [...without], ...(only === undefined ? {} : { only: [...only] }) };
  const entries = visibleEntries(all, view, epoch);
  return { layer, entries, digest: visibleDigest(entries) };
}
