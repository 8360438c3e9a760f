import { describe, expect, it } from 'vitest';
import type { ImageRecord } from '../../../factory/contracts/record';
import type { PlannedLayer } from '../../../factory/layers/plan';
import { requireSameKeys } from '../../../factory/reproduce/reproduce';

const record = (keys: Readonly<Record<string, string>>): ImageRecord =>
  ({
    digest: 'sha256:a',
    layers: Object.entries(keys).map(([name, key]) => ({ name, key })),
  }) as unknown as ImageRecord;
const plan = (keys: Readonly<Record<string, string>>): PlannedLayer[] =>
  Object.entries(keys).map(([name, key]) => ({ name, key })) as unknown as PlannedLayer[];

describe('what can be baked again', () => {
  it('is an image of this checkout', () => {
    expect(() => {
      requireSameKeys(record({ os: 'a', code: 'b' }), plan({ os: 'a', code: 'b' }));
    }).not.toThrow();
  });

  it('is no image of other recipes or other code, and every layer that differs is named', () => {
    expect(() => {
      requireSameKeys(record({ os: 'a', node: 'b', code: 'c' }), plan({ os: 'a', node: 'x', code: 'y' }));
    }).toThrow(
      expect.objectContaining({
        code: 'not-this-checkout',
        faults: [
          { where: 'layer node', what: 'its key is x here and b in the record' },
          { where: 'layer code', what: 'its key is y here and c in the record' },
        ],
      }),
    );
  });
});
