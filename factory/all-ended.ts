type Values<T extends readonly unknown[]> = { -readonly [K in keyof T]: Awaited<T[K]> };

/** Promise.all that fails only when everyone has ended: nothing goes on behind the error's back. */
export async function allEnded<const T extends readonly Promise<unknown>[]>(work: T): Promise<Values<T>> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}
