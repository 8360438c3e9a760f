import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CondaInput, Lock } from '../../../factory/contracts/lock';
import { differences } from '../../../factory/layers/key';
import { choiceVariables, planLayers } from '../../../factory/layers/plan';
import { lockOf } from '../lock/support';
import { deb } from '../nightly/support';

const home = resolve(__dirname, '..', '..', '..');
const project = { root: home, home, spec: '', lock: '', state: '', cache: '' };
const plan = (lock: Lock): ReturnType<typeof planLayers> => planLayers(project, lock, 'jobs');

/** Layer -> why it differs by itself under the second lock; those that do not are left out. */
async function whyAnew(before: Lock, after: Lock): Promise<Record<string, string>> {
  const [one, two] = [await plan(before), await plan(after)];
  return Object.fromEntries(
    one.flatMap((was, i): [string, string][] => {
      const is = two[i];
      if (is?.name !== was.name) throw new Error(`no layer ${was.name}`);
      return was.own === is.own ? [] : [[was.name, differences(was.parts, is.parts).join('; ')]];
    }),
  );
}

const withChoice = (choice: Partial<Lock['choices']>): Lock => {
  const lock = lockOf([]);
  return { ...lock, choices: { ...lock.choices, ...choice } };
};

const from = (channel: string): CondaInput => ({
  ...{ use: 'conda', source: 'conda', name: 'numpy', version: '2', build: '0' },
  ...{ channel, subdir: 'noarch', file: 'numpy-2-0.conda', size: 1, sha256: '0'.repeat(64) },
});

describe('what a change of the lock makes anew', () => {
  it.each<[string, Lock, Lock, Record<string, string>]>([
    [
      'jars',
      withChoice({ jars: { value: 'full', reason: '' } }),
      withChoice({ jars: { value: 'slim', reason: '' } }),
      { spark: "the lock's choice of jars changed" },
    ],
    [
      'sdkClasses',
      withChoice({ sdkClasses: { value: 'full', reason: '' } }),
      withChoice({ sdkClasses: { value: 'slim', reason: '' } }),
      { hadoop: "the lock's choice of sdkClasses changed" },
    ],
    [
      'classData',
      withChoice({ classData: { value: 'none', reason: '' } }),
      withChoice({ classData: { value: 'shared', reason: '' } }),
      { jars: "the lock's choice of classData changed" },
    ],
    [
      'conda.without',
      lockOf([]),
      lockOf([], { condaWithout: ['include'] }),
      { conda: "the lock's conda.without changed" },
    ],
    [
      "a package's channel, which conda's own records name",
      lockOf([from('one')]),
      lockOf([from('another')]),
      { conda: 'input numpy-2-0.conda has other content' },
    ],
    [
      'the date of the lock: only what it dates',
      lockOf([], { epoch: 1 }),
      lockOf([], { epoch: 2 }),
      {
        os: 'the date of its files changed from 1 to 2',
        runtime: 'the date of its files changed from 1 to 2',
        code: 'the date of its files changed from 1 to 2',
      },
    ],
    [
      'a Debian package: the os layer alone, for spark and hadoop do not see it',
      lockOf([deb('openssl', '1')]),
      lockOf([deb('openssl', '2')]),
      { os: 'input openssl_1_amd64.deb is gone; input openssl_2_amd64.deb is new' },
    ],
    [
      'the C library or Java: the os layer, and the runtime layer that has them from its inputs',
      lockOf([deb('libc6', '1'), deb('openjdk-21-jre-headless', '1'), deb('libc6-dev', '1')]),
      lockOf([deb('libc6', '2'), deb('openjdk-17-jre-headless', '1'), deb('libc6-dev', '2')]),
      {
        os: [
          'input libc6-dev_1_amd64.deb is gone',
          'input libc6-dev_2_amd64.deb is new',
          'input libc6_1_amd64.deb is gone',
          'input libc6_2_amd64.deb is new',
          'input openjdk-17-jre-headless_1_amd64.deb is new',
          'input openjdk-21-jre-headless_1_amd64.deb is gone',
        ].join('; '),
        runtime: [
          'input libc6_1_amd64.deb is gone',
          'input libc6_2_amd64.deb is new',
          'input openjdk-17-jre-headless_1_amd64.deb is new',
          'input openjdk-21-jre-headless_1_amd64.deb is gone',
        ].join('; '),
      },
    ],
    [
      'the C library that is locked for another use, which no layer shares',
      lockOf([deb('libc6', '1', { use: 'tools' })]),
      lockOf([deb('libc6', '2', { use: 'tools' })]),
      {},
    ],
    [
      'the choice of Debian, which no recipe is told',
      lockOf([]),
      withChoice({ debian: { value: 'forky', reason: '' } }),
      {},
    ],
  ])('%s', async (_, before, after, expected) => {
    expect(await whyAnew(before, after)).toEqual(expected);
  });

  it('is refused for an input of what is no layer', async () => {
    await expect(plan(lockOf([deb('gcc', '1', { use: 'compiler' })]))).rejects.toMatchObject({
      code: 'no-layer',
      message: 'the lock has inputs for what is no layer of this kiln: compiler',
    });
  });
});

it('a recipe is told the choices that its layer declares, and no others', async () => {
  const lock = withChoice({ spark: { value: '4.1.4', reason: 'because' } });
  const told = (await plan(lock)).map((layer) => [layer.name, Object.keys(choiceVariables(layer, lock))]);
  expect(Object.fromEntries(told)).toEqual({
    os: [],
    runtime: [],
    spark: ['KILN_SPARK', 'KILN_JARS', 'KILN_S3A'],
    hadoop: ['KILN_COMMITTER', 'KILN_S3A', 'KILN_SDK_CLASSES'],
    conda: [],
    jars: ['KILN_SPARK', 'KILN_CLASS_DATA'],
    node: [],
    code: ['KILN_SPARK'],
  });
});
