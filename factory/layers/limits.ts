import type { Limits } from '../recipes/declaration';

/** What a recipe and all that it started have taken, as far as it was measured. */
export interface Usage {
  /** Since it began. */
  readonly minutes: number;
  readonly processes: number;
  /** MiB that belong to its processes alone. */
  readonly memory: number;
  /** MiB of its folders on disk. */
  readonly disk: number;
}

const WORDS: Readonly<Record<keyof Usage, string>> = {
  minutes: 'minutes',
  processes: 'processes at once',
  memory: 'MiB of memory',
  disk: 'MiB on disk',
};

/** The first limit that is passed; nobody has to find out which one in order to be stopped. */
export const passedLimit = (
  limits: Limits,
  usage: Usage,
): { readonly limit: keyof Usage; readonly what: string } | undefined => {
  const limit = (Object.keys(WORDS) as (keyof Usage)[]).find((each) => usage[each] > limits[each]);
  return limit === undefined
    ? undefined
    : { limit, what: `it took more than ${String(limits[limit])} ${WORDS[limit]}, which is its limit` };
};
