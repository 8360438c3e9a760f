import { describe, expect, it } from 'vitest';
import type { ImageRecord } from '../../../factory/contracts/record';
import { type KeysHere, requireSameKeys } from '../../../factory/reproduce/reproduce';

const record = (keys: Readonly<Record<string, string>>): ImageRecord =>
  ({
    digest: 'sha256:a',
    layers: Object.entries(keys).map(([name, key]) => ({ name, key })),
  }) as unknown as ImageRecord;
const here = (keys: Readonly<Record<string, string | undefined>>): KeysHere => new Map(Object.entries(keys));

const refused = (faults: readonly object[]): object =>
  expect.objectContaining({ code: 'not-this-checkout', faults }) as object;

describe('what can be baked again', () => {
  it('is an image of this checkout', () => {
    expect(() => {
      requireSameKeys(record({ os: 'a', code: 'b' }), here({ os: 'a', code: 'b' }));
    }).not.toThrow();
  });

  it('is no image of other recipes or other code, and every layer that differs is named', () => {
    expect(() => {
      requireSameKeys(record({ os: 'a', node: 'b', code: 'c' }), here({ os: 'a', node: 'x', code: 'y' }));
    }).toThrow(
      refused([
        { where: 'layer node', what: 'its key is x here and b in the record' },
        { where: 'layer code', what: 'its key is y here and c in the record' },
      ]),
    );
  });

  it('is no image of other layers', () => {
    expect(() => {
      requireSameKeys(record({ os: 'a', old: 'b' }), here({ os: 'a', new: 'c' }));
    }).toThrow(
      refused([
        { where: 'layer old', what: 'its key is missing here and b in the record' },
        { where: 'layer new', what: 'its key is c here and missing in the record' },
      ]),
    );
  });

  it('is not judged by a layer whose key is not known here', () => {
    expect(() => {
      requireSameKeys(record({ os: 'a', code: 'b' }), here({ os: 'a', code: undefined }));
    }).not.toThrow();
    expect(() => {
      requireSameKeys(record({ os: 'a', code: 'b' }), here({ os: 'x', code: undefined }));
    }).toThrow(refused([{ where: 'layer os', what: 'its key is x here and a in the record' }]));
  });
});
