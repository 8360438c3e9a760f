import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { defined } from '../../factory/defined';

describe('defined', () => {
  it('leaves out what is undefined, and keeps every other value', () => {
    const key = ([] as string[]).at(0);
    expect(Object.keys(defined({ key, zero: 0, none: null, empty: '', no: false }))).toEqual([
      'zero',
      'none',
      'empty',
      'no',
    ]);
  });

  it('is what JSON makes of an object, key by key', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.oneof(fc.constant(undefined), fc.integer(), fc.constant(null))),
        (fields) => {
          expect(JSON.stringify(defined(fields))).toBe(JSON.stringify(fields));
          expect(Object.values(defined(fields))).not.toContain(undefined);
        },
      ),
    );
  });

  it('makes the field optional, in the type as well', () => {
    const made = (key: string | undefined) => defined({ key, port: 1 });
    expectTypeOf(made('a')).toExtend<{
      key?: string;
      port: number;
    }>();
  });
});
