/**
 * Does `work` for every item, at most `limit` at a time; each of the `limit` workers has its number. After a failure
 * no further item is begun, those under way end, and the first error is thrown.
 */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T, worker: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed: { readonly error: unknown } | undefined;
  const worker = async (number: number): Promise<void> => {
    while (next < items.length && failed === undefined) {
      const item = items[next] as T;
      next += 1;
      try {
        await work(item, number);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, (_, number) => worker(number)));
  if (failed !== undefined) throw (failed as { error: unknown }).error;
}
