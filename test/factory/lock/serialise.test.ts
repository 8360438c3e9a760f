import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileName, Lock } from '../../../factory/contracts/lock';
import { compareInputs, serialise } from '../../../factory/lock/serialise';
import { anyInput, lockOf } from './support';

const inputs = fc
  .uniqueArray(anyInput, { selector: (i) => i.sha256, maxLength: 20 })
  .filter((list) => new Set(list.map((i) => `${i.use} ${fileName(i)}`)).size === list.length);

describe('the lock as it is written', () => {
  it('reads back as what was written, sorted', () => {
    fc.assert(
      fc.property(inputs, (list) => {
        const read = Lock.parse(JSON.parse(serialise(lockOf(list))));
        expect(read).toEqual(lockOf([...list].sort(compareInputs)));
      }),
    );
  });

  it('is the same text in whatever order the sources answered', () => {
    const shuffled = inputs.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        expect(serialise(lockOf(other))).toBe(serialise(lockOf(list)));
      }),
    );
  });

  it('has one line for each input, so that a review sees what changed', () => {
    fc.assert(
      fc.property(inputs, (list) => {
        const lines = serialise(lockOf(list)).split('\n');
        for (const input of list) expect(lines.filter((l) => l.includes(input.sha256))).toHaveLength(1);
      }),
    );
  });

  it('orders by use from the base to the code, then source, then name', () => {
    fc.assert(
      fc.property(inputs, (list) => {
        const uses = [...list].sort(compareInputs).map((i) => i.use);
        const order = ['os', 'spark', 'hadoop', 'conda', 'jars', 'node', 'code', 'tools', 'samples'];
        expect(uses).toEqual([...uses].sort((a, b) => order.indexOf(a) - order.indexOf(b)));
      }),
    );
  });
});
