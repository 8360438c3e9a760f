import type { LayerName } from '../contracts/layers';
import { textDigest } from './tree-digest';

/** What decides the bytes of a layer, each part named, so that a difference can be told in words. */
export interface LayerParts {
  readonly name: LayerName;
  /** Digest of the recipe's folder. */
  readonly recipe: string;
  /** File name of each locked input -> its sha256, and what else of its entry the recipe reads. */
  readonly inputs: Readonly<Record<string, string>>;
  /** What else of the project and the lock the recipe sees, by name -> digest or value. */
  readonly sources: Readonly<Record<string, string>>;
  /** Layer that it sees -> digest of the part that it sees; UNKNOWN while that layer is not built. */
  readonly sees: Readonly<Record<LayerName, string>>;
  /** SOURCE_DATE_EPOCH, seconds. */
  readonly epoch: number;
}

/** In place of the digest of a tree that is still to be built. */
export const UNKNOWN = '';

const sorted = (record: Readonly<Record<string, string>>): (readonly [string, string])[] =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

/** sha256 over the parts, whatever order they were found in. */
export function layerKey(parts: LayerParts): string {
  const canonical = JSON.stringify([
    'kiln layer 2',
    parts.name,
    parts.recipe,
    sorted(parts.inputs),
    sorted(parts.sources),
    sorted(parts.sees),
    parts.epoch,
  ]);
  return textDigest(canonical);
}

/** What made the key differ from that of an earlier bake, in words; empty when nothing did. */
export function differences(before: LayerParts, now: LayerParts): string[] {
  const found: string[] = [];
  const names = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): string[] =>
    [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  if (before.recipe !== now.recipe) found.push(`recipe images/layers/${now.name} changed`);
  for (const file of names(before.inputs, now.inputs)) {
    if (before.inputs[file] === undefined) found.push(`input ${file} is new`);
    else if (now.inputs[file] === undefined) found.push(`input ${file} is gone`);
    else if (before.inputs[file] !== now.inputs[file]) found.push(`input ${file} has other content`);
  }
  for (const source of names(before.sources, now.sources)) {
    if (before.sources[source] !== now.sources[source]) found.push(`${source} changed`);
  }
  if (before.epoch !== now.epoch)
    found.push(`the date of its files changed from ${String(before.epoch)} to ${String(now.epoch)}`);
  for (const layer of names(before.sees, now.sees)) {
    const [was, is] = [before.sees[layer], now.sees[layer]];
    if (was === undefined) found.push(`it now sees layer ${layer}`);
    else if (is === undefined) found.push(`it no longer sees layer ${layer}`);
    else if (was !== is)
      found.push(
        is === UNKNOWN
          ? `only if what it sees of layer ${layer} changes`
          : `what it sees of layer ${layer} changed`,
      );
  }
  return found;
}
