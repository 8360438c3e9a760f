import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Item, placeInCells, placeInSlots } from '../../../factory/disk/slots';

const item = fc.record({
  name: fc.string({ minLength: 1, maxLength: 12 }),
  // As packages are: most of them small, a few very large.
  blocks: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 1, max: 300 }) },
    { weight: 1, arbitrary: fc.integer({ min: 300, max: 4096 }) },
  ),
});
const items = fc.uniqueArray(item, { selector: ({ name }) => name, maxLength: 150 });

/** A set of packages that stays the same in every run. */
const packages = (count: number): Item[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `package ${String(index)}`,
    blocks: 1 + ((index * 7919) % 900) + (index % 40 === 0 ? 3_000 : 0),
  }));

describe.each([
  ['slots', placeInSlots, 1.3],
  ['cells', placeInCells, 3],
] as const)('%s', (_name, place, most) => {
  it('hold every item inside the region, and no two of them share a block', () => {
    fc.assert(
      fc.property(items, (given) => {
        const { starts, blocks } = place(given);
        const ranges = given
          .map(({ name, blocks: size }) => ({ start: starts.get(name) ?? -1, size }))
          .sort((a, b) => a.start - b.start);
        let end = 0;
        for (const { start, size } of ranges) {
          expect(start).toBeGreaterThanOrEqual(end);
          end = start + size;
        }
        expect(end).toBeLessThanOrEqual(blocks);
      }),
    );
  });

  it('are the same in whatever order the items are given', () => {
    fc.assert(
      fc.property(
        items.chain((given) =>
          fc.tuple(fc.constant(given), fc.shuffledSubarray(given, { minLength: given.length })),
        ),
        ([given, shuffled]) => {
          expect(place(shuffled)).toEqual(place(given));
        },
      ),
    );
  });

  it('take little more space than the items do', () => {
    const given = packages(600);
    const sum = given.reduce((total, { blocks }) => total + blocks, 0);
    expect(place(given).blocks / sum).toBeLessThan(most);
  });

  it.each([
    [
      'grows within its slot',
      (given: Item[]) => given.map((each, n) => (n === 8 ? { ...each, blocks: each.blocks + 1 } : each)),
    ],
    [
      'is twice as large',
      (given: Item[]) => given.map((each, n) => (n === 8 ? { ...each, blocks: each.blocks * 2 } : each)),
    ],
    ['is new', (given: Item[]) => [...given, { name: 'a new one', blocks: 200 }]],
    ['is gone', (given: Item[]) => given.filter((_, n) => n !== 7)],
  ])('of the others hardly move when one %s', (_, change) => {
    const given = packages(600);
    const before = place(given).starts;
    const after = place(change(given)).starts;
    const moved = given.filter(({ name }) => after.has(name) && after.get(name) !== before.get(name));
    const blocks = (of: readonly Item[]): number => of.reduce((sum, each) => sum + each.blocks, 0);
    expect(blocks(moved) / blocks(given)).toBeLessThan(0.05);
  });

  it('are refused for two items of one name', () => {
    const twice = { name: 'a', blocks: 1 };
    expect(() => place([twice, twice])).toThrow('two items have one name');
  });
});
