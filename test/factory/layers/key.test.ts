import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differences, layerKey, type LayerParts, UNKNOWN } from '../../../factory/layers/key';

const parts: LayerParts = {
  name: 'spark',
  recipe: 'r1',
  inputs: { 'a.jar': 'a1', 'b.jar': 'b1' },
  sources: { 'images/sandbox': 's1' },
  sees: { os: 'd0' },
  epoch: 1000,
};

const record = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.stringMatching(/^[0-9a-f]{4}$/), {
  noNullPrototype: true,
});

describe('the key of a layer', () => {
  it('does not depend on the order in which inputs and sources were found', () => {
    fc.assert(
      fc.property(record, record, (inputs, sources) => {
        const reversed = (r: Record<string, string>): Record<string, string> =>
          Object.fromEntries(Object.entries(r).reverse());
        expect(layerKey({ ...parts, inputs: reversed(inputs), sources: reversed(sources) })).toBe(
          layerKey({ ...parts, inputs, sources }),
        );
      }),
    );
  });

  it.each<[string, Partial<LayerParts>]>([
    ['the recipe', { recipe: 'r2' }],
    ['an input', { inputs: { 'a.jar': 'a2', 'b.jar': 'b1' } }],
    ['the name of an input', { inputs: { 'c.jar': 'a1', 'b.jar': 'b1' } }],
    ['a source', { sources: { 'images/sandbox': 's2' } }],
    ['what is seen of a layer', { sees: { os: 'd1' } }],
    ['a layer more that is seen', { sees: { os: 'd0', conda: 'd1' } }],
    ['the epoch', { epoch: 1001 }],
    ['the name', { name: 'hadoop' }],
  ])('changes with %s', (_, change) => {
    expect(layerKey({ ...parts, ...change })).not.toBe(layerKey(parts));
  });

  it('tells an input from a source of the same name and content', () => {
    expect(layerKey({ ...parts, inputs: { x: '1' }, sources: {} })).not.toBe(
      layerKey({ ...parts, inputs: {}, sources: { x: '1' } }),
    );
  });
});

describe('what changed since the last bake', () => {
  it.each<[Partial<LayerParts>, string]>([
    [{ recipe: 'r2' }, 'recipe images/layers/spark changed'],
    [{ inputs: { 'a.jar': 'a2', 'b.jar': 'b1' } }, 'input a.jar has other content'],
    [{ inputs: { 'a.jar': 'a1' } }, 'input b.jar is gone'],
    [{ inputs: { ...parts.inputs, 'c.jar': 'c1' } }, 'input c.jar is new'],
    [{ sources: { 'images/sandbox': 's2' } }, 'images/sandbox changed'],
    [{ sees: { os: 'd1' } }, 'what it sees of layer os changed'],
    [{ sees: { os: UNKNOWN } }, 'only if what it sees of layer os changes'],
    [{ sees: {} }, 'it no longer sees layer os'],
    [{ sees: { os: 'd0', conda: 'd1' } }, 'it now sees layer conda'],
    [{ epoch: 2000 }, 'the date of its files changed from 1000 to 2000'],
  ])('%j is told as "%s"', (change, told) => {
    expect(differences(parts, { ...parts, ...change })).toEqual([told]);
  });

  it('is told whenever the key differs, and never when it does not', () => {
    fc.assert(
      fc.property(record, record, fc.boolean(), (one, two, same) => {
        const now = { ...parts, inputs: two, sees: { os: same ? 'd0' : 'd1' } };
        const before = { ...parts, inputs: one };
        expect(differences(before, now).length > 0).toBe(layerKey(before) !== layerKey(now));
      }),
    );
  });
});
