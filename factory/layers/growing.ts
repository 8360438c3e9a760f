import { setImmediate } from 'node:timers/promises';
import type { CachedLayer } from './cache';

/**
 * An image's layers from the bottom up: those that are built, and those above them as soon as they are. Whoever puts
 * them together begins with the first.
 */
export interface GrowingLayers {
  readonly built: readonly CachedLayer[];
  readonly above?: Promise<readonly CachedLayer[]>;
  /** Whether one of those that were built was damaged and has been built again since. */
  readonly isMended?: () => boolean;
}

/** All of them. */
export const allOf = async ({ built, above }: GrowingLayers): Promise<readonly CachedLayer[]> => [
  ...built,
  ...((await above) ?? []),
];

/** One after the other; those that are built without waiting for those above. */
export async function* inOrder({ built, above }: GrowingLayers): AsyncGenerator<CachedLayer> {
  for (const layer of built) {
    yield layer;
    // Who builds those above, in this thread as well, gets a turn.
    await setImmediate();
  }
  if (above !== undefined) yield* await above;
}
