import { createHash } from 'node:crypto';
import type { LayerName } from '../contracts/layers';

/** What decides the bytes of a layer, each part named, so that a difference can be told in words. */
export interface LayerParts {
  readonly name: LayerName;
  /** Digest of the recipe's folder. */
  readonly recipe: string;
  /** File name of each locked input -> its sha256. */
  readonly inputs: Readonly<Record<string, string>>;
  /** What else of the project the recipe reads, by name -> digest. */
  readonly sources: Readonly<Record<string, string>>;
  /** Key of the layer below; empty for the first. */
  readonly below: string;
  /** SOURCE_DATE_EPOCH, seconds. */
  readonly epoch: number;
}

const sorted = (record: Readonly<Record<string, string>>): (readonly [string, string])[] =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

/** sha256 over the parts, whatever order they were found in. */
export function layerKey(parts: LayerParts): string {
  const canonical = JSON.stringify([
    'kiln layer 1',
    parts.name,
    parts.recipe,
    sorted(parts.inputs),
    sorted(parts.sources),
    parts.below,
    parts.epoch,
  ]);
  return createHash('sha256').update(canonical).digest('hex');
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
    found.push(`the lock's epoch changed from ${String(before.epoch)} to ${String(now.epoch)}`);
  if (found.length === 0 && before.below !== now.below) found.push('a layer below changed');
  return found;
}
