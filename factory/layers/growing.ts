import type { CachedLayer } from './cache';

/**
 * An image's layers from the bottom up: those that are built, and those above them as soon as they are. Whoever puts
 * them together begins with the first.
 */
export interface GrowingLayers {
  readonly built: readonly CachedLayer[];
  readonly above?: Promise<readonly CachedLayer[]>;
}

/** All of them. */
export const allOf = async ({ built, above }: GrowingLayers): Promise<readonly CachedLayer[]> => [
  ...built,
  ...((await above) ?? []),
];

/** One after the other; those that are built without waiting. */
export async function* inOrder({ built, above }: GrowingLayers): AsyncGenerator<CachedLayer> {
  yield* built;
  if (above !== undefined) yield* await above;
}
