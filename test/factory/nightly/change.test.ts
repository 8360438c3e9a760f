import { describe, expect, it } from 'vitest';
import type { Input } from '../../../factory/contracts/lock';
import type { LayerParts } from '../../../factory/layers/key';
import {
  changeText,
  choiceChanges,
  layerChanges,
  packageChanges,
  type Wanted,
} from '../../../factory/nightly/change';
import { lockOf } from '../lock/support';
import { deb } from './support';

const wanted: Wanted = {
  suite: 'trixie',
  spark: '4.1.4',
  debs: ['udev'],
  dependencies: ['pandas=2.3'],
  environment: 'environment.yml',
  maven: ['org.example:udf:2'],
  code: 'jobs',
};
const conda = (name: string, version: string, build = 'h0'): Input => ({
  use: 'conda',
  source: 'conda',
  name,
  version,
  build,
  channel: 'forge',
  subdir: 'noarch',
  file: `${name}-${version}-${build}.conda`,
  size: 1,
  sha256: Buffer.from(`${name}${version}${build}`).toString('hex').padEnd(64, '0').slice(0, 64),
});
const jar = (name: string, version: string, use: 'jars' | 'hadoop' = 'jars'): Input => ({
  use,
  source: 'maven',
  name,
  version,
  path: `${version}.jar`,
  size: 1,
  sha256: version.padEnd(64, '0'),
});

describe('why a package changed', () => {
  it.each([
    [
      'of the security archive',
      deb('a', '1'),
      deb('a', '2', { archive: 'debian-security' }),
      'security update of trixie',
    ],
    ['of the suite', deb('a', '1'), deb('a', '2'), 'newest of trixie and its updates'],
    ['that came as a dependency', undefined, deb('libnew', '1'), 'a package that is asked for depends on it'],
    ['that came by name', undefined, deb('udev', '1'), 'named in factory.yaml or a package list'],
    ['that went', deb('a', '1'), undefined, 'nothing needs it any more'],
    [
      'with other bytes',
      deb('a', '1'),
      deb('a', '1', { sha256: '1'.repeat(64) }),
      'another file under the same version',
    ],
    [
      'of the environment',
      conda('pandas', '2.3.1'),
      conda('pandas', '2.3.2'),
      'newest that environment.yml allows: pandas=2.3',
    ],
    [
      'another build',
      conda('pandas', '2.3.1', 'a'),
      conda('pandas', '2.3.1', 'b'),
      'newest that environment.yml allows: pandas=2.3',
    ],
    [
      'it depends on',
      conda('pytz', '1'),
      conda('pytz', '2'),
      'newest that the dependencies of environment.yml allow',
    ],
    ['of factory.yaml', jar('org.example:udf', '1'), jar('org.example:udf', '2'), 'factory.yaml: maven'],
    [
      'that one of them needs',
      jar('org.x:y', '1'),
      jar('org.x:y', '2'),
      'a jar of factory.yaml: maven depends on it',
    ],
    [
      'that goes with Spark',
      jar('org.x:y', '1', 'hadoop'),
      jar('org.x:y', '2', 'hadoop'),
      'what Spark 4.1.4 goes with',
    ],
  ])('%s', (_, before, after, reason) => {
    const one = lockOf(before === undefined ? [] : [before]);
    const two = lockOf(after === undefined ? [] : [after]);
    expect(packageChanges(one, two, wanted).map((change) => change.reason)).toEqual([reason]);
  });

  it('is not said of one that did not', () => {
    const lock = lockOf([deb('a', '1'), conda('b', '1')]);
    expect(packageChanges(lock, lock, wanted)).toEqual([]);
  });

  it('says which choices moved, and nothing where there was no lock', () => {
    const after = lockOf([], {});
    const before = { ...after, choices: { ...after.choices, spark: { value: '4.1.3', reason: '' } } };
    expect(choiceChanges(before, after)).toEqual([{ name: 'spark', from: '4.1.3', to: 'x' }]);
    expect(choiceChanges(undefined, after)).toEqual([]);
  });
});

describe('why a layer is built again', () => {
  const parts = (name: LayerParts['name'], change: Partial<LayerParts> = {}): LayerParts => ({
    name,
    recipe: 'r',
    inputs: {},
    sources: {},
    sees: {},
    epoch: 1,
    ...change,
  });

  it('names packages, recipes, code and what lies below, and nothing of one that stays', () => {
    const before = [
      { own: 'o1', parts: parts('os', { inputs: { 'a_1.deb': '1' } }) },
      { own: 's1', parts: parts('jars', { sees: { os: '' } }) },
      { own: 'c1', parts: parts('code', { sources: { jobs: 'x' } }) },
      { own: 'n', parts: parts('node') },
    ];
    const now = [
      { own: 'o2', parts: parts('os', { inputs: { 'a_2.deb': '2' }, epoch: 2 }) },
      { own: 's1', parts: parts('jars', { sees: { os: '' } }) },
      { own: 'c2', parts: parts('code', { sources: { jobs: 'y' }, recipe: 'r2' }) },
      { own: 'n', parts: parts('node') },
    ];
    const packages = packageChanges(lockOf([deb('a', '1')]), lockOf([deb('a', '2')]), wanted);
    expect(layerChanges(before, now, packages)).toEqual([
      { layer: 'os', rebuilt: true, because: ['a: 1 -> 2', 'the date of its files changed from 1 to 2'] },
      { layer: 'jars', rebuilt: true, because: ['only if what it sees of layer os changes'] },
      { layer: 'code', rebuilt: true, because: ['recipe images/layers/code changed', 'jobs changed'] },
      { layer: 'node', rebuilt: false, because: [] },
    ]);
  });

  it('is told in words that a reviewer, and git, can take', () => {
    const packages = [...packageChanges(lockOf([deb('a', '1')]), lockOf([deb('a', '2')]), wanted)];
    const text = changeText(
      {
        version: 1,
        since: { what: 'lock', name: 'factory.lock.json' },
        packages,
        choices: [],
        layers: [{ layer: 'os', rebuilt: true, because: ['a: 1 -> 2'] }],
      },
      'Lock: 1 package changed',
    );
    expect(text).toBe(
      'Lock: 1 package changed\n\nSince lock factory.lock.json:\n- debian a: 1 -> 2 (newest of trixie and its updates)\n\n' +
        'Layers built again:\n- os: a: 1 -> 2\n',
    );
  });
});
