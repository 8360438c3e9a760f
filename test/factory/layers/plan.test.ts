import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LAYERS } from '../../../factory/contracts/layers';
import type { Lock } from '../../../factory/contracts/lock';
import { differences } from '../../../factory/layers/key';
import { planLayers } from '../../../factory/layers/plan';
import { lockOf } from '../lock/support';

const home = resolve(__dirname, '..', '..', '..');
const project = { root: home, home, spec: '', lock: '', state: '', cache: '' };

/** Layer -> why its key differs under the second lock, or that it does not. */
async function whyAnew(before: Lock, after: Lock): Promise<Record<string, string>> {
  const [one, two] = [await planLayers(project, before, 'jobs'), await planLayers(project, after, 'jobs')];
  const why = LAYERS.map((name, i) => {
    const [was, is] = [one[i], two[i]];
    if (was === undefined || is === undefined) throw new Error(`no layer ${name}`);
    return [name, was.key === is.key ? 'same' : differences(was.parts, is.parts).join('; ')];
  });
  return Object.fromEntries(why) as Record<string, string>;
}

describe('how inputs are treated', () => {
  it('jars: the spark and hadoop layers are made anew, and below them nothing', async () => {
    const jars = (value: 'slim' | 'full'): Lock => {
      const lock = lockOf([]);
      return { ...lock, choices: { ...lock.choices, jars: { value, reason: '' } } };
    };
    expect(await whyAnew(jars('full'), jars('slim'))).toEqual({
      os: 'same',
      spark: "the lock's choice of jars changed",
      hadoop: "the lock's choice of jars changed",
      conda: 'a layer below changed',
      jars: 'a layer below changed',
      node: 'a layer below changed',
      code: 'a layer below changed',
    });
  });

  it('classData: the jars layer is, and below it nothing', async () => {
    const classData = (value: 'shared' | 'none'): Lock => {
      const lock = lockOf([]);
      return { ...lock, choices: { ...lock.choices, classData: { value, reason: '' } } };
    };
    expect(await whyAnew(classData('none'), classData('shared'))).toMatchObject({
      conda: 'same',
      jars: "the lock's choice of classData changed",
      node: 'a layer below changed',
    });
  });

  it("a package's channel: the conda layer is, for conda's own records name it", async () => {
    const from = (channel: string): Lock =>
      lockOf([
        {
          ...{ use: 'conda', source: 'conda', name: 'numpy', version: '2', build: '0' },
          ...{ channel, subdir: 'noarch', file: 'numpy-2-0.conda', size: 1, sha256: '0'.repeat(64) },
        },
      ]);
    expect(await whyAnew(from('one'), from('another'))).toMatchObject({
      hadoop: 'same',
      conda: 'the channels of its packages changed',
      jars: 'a layer below changed',
    });
  });

  it('conda.without: the conda layer is, and below it nothing', async () => {
    expect(await whyAnew(lockOf([]), lockOf([], { condaWithout: ['include'] }))).toEqual({
      os: 'same',
      spark: 'same',
      hadoop: 'same',
      conda: "the lock's conda.without changed",
      jars: 'a layer below changed',
      node: 'a layer below changed',
      code: 'a layer below changed',
    });
  });
});
