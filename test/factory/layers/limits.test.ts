import { describe, expect, it } from 'vitest';
import { passedLimit, type Usage } from '../../../factory/layers/limits';
import { Limits } from '../../../factory/recipes/declaration';

const limits = Limits.parse({});
const none: Usage = { minutes: 0, processes: 0, memory: 0, disk: 0 };

describe('the limits of a recipe', () => {
  it.each<[keyof Usage, string]>([
    ['minutes', 'it took more than 90 minutes, which is its limit'],
    ['processes', 'it took more than 2000 processes at once, which is its limit'],
    ['memory', 'it took more than 8192 MiB of memory, which is its limit'],
    ['disk', 'it took more than 32768 MiB on disk, which is its limit'],
  ])('of %s are passed by more than it, not by as much', (limit, what) => {
    expect(passedLimit(limits, { ...none, [limit]: limits[limit] })).toBeUndefined();
    expect(passedLimit(limits, { ...none, [limit]: limits[limit] + 1 })).toEqual({ limit, what });
  });
});
