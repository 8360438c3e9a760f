/** What an object has once the fields that are undefined are left out: they become optional, others stay. */
export type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/**
 * A copy without the fields that are undefined, for options and documents in which a field is there or not:
 * `{ offline, ...defined({ lock, cache }) }`. Null, 0, '' and false are values and stay.
 */
export function defined<T extends object>(fields: T): Defined<T> {
  // Object.fromEntries forgets the names; they are those of `fields` less what is undefined.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
