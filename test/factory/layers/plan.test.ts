import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LAYERS } from '../../../factory/contracts/layers';
import { differences } from '../../../factory/layers/key';
import { planLayers } from '../../../factory/layers/plan';
import { lockOf } from '../lock/support';

const home = resolve(__dirname, '..', '..', '..');
const project = { root: home, home, spec: '', lock: '', state: '', cache: '' };

describe('the choice of jars', () => {
  it('makes the spark and hadoop layers anew, and below them nothing', async () => {
    const plan = (value: 'slim' | 'full') => {
      const lock = lockOf([]);
      return planLayers(
        project,
        { ...lock, choices: { ...lock.choices, jars: { value, reason: '' } } },
        'jobs',
      );
    };
    const [full, slim] = [await plan('full'), await plan('slim')];
    const why = LAYERS.map((name, i) => {
      const [before, now] = [full[i], slim[i]];
      if (before === undefined || now === undefined) throw new Error(`no layer ${name}`);
      return [name, before.key === now.key ? 'same' : differences(before.parts, now.parts).join('; ')];
    });
    expect(Object.fromEntries(why)).toEqual({
      os: 'same',
      spark: "the lock's choice of jars changed",
      hadoop: "the lock's choice of jars changed",
      conda: 'a layer below changed',
      jars: 'a layer below changed',
      node: 'a layer below changed',
      code: 'a layer below changed',
    });
  });
});
