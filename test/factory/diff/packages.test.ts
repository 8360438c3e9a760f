import { describe, expect, it } from 'vitest';
import { packageChanges } from '../../../factory/diff/packages';
import type { Input, Lock } from '../../../factory/contracts/lock';

const sha = (text: string): string => text.repeat(64).slice(0, 64);
const deb = (name: string, version: string, use: Input['use'] = 'os'): Input => ({
  use,
  source: 'debian',
  name,
  version,
  arch: 'amd64',
  archive: 'debian',
  path: `pool/${name}_${version}.deb`,
  size: 1,
  sha256: sha(`${name}${version}`),
});
const conda = (name: string, version: string, build: string): Input => ({
  use: 'conda',
  source: 'conda',
  name,
  version,
  build,
  channel: 'conda-forge',
  subdir: 'linux-64',
  file: `${name}-${version}-${build}.conda`,
  size: 1,
  sha256: sha(`${name}${version}${build}`),
});
const jar = (name: string, version: string, sha256: string): Input => ({
  use: 'hadoop',
  source: 'maven',
  name,
  version,
  path: 'a/b.jar',
  size: 1,
  sha256,
});
const lock = (...inputs: Input[]): Lock => ({ inputs }) as unknown as Lock;

describe('packages that differ', () => {
  it.each<[string, Lock, Lock, ReturnType<typeof packageChanges>]>([
    ['none', lock(deb('a', '1')), lock(deb('a', '1')), []],
    [
      'an update',
      lock(deb('a', '1')),
      lock(deb('a', '2')),
      [{ kind: 'deb', name: 'a', before: '1', after: '2' }],
    ],
    ['a new one', lock(), lock(deb('a', '1')), [{ kind: 'deb', name: 'a', before: null, after: '1' }]],
    ['one that is gone', lock(deb('a', '1')), lock(), [{ kind: 'deb', name: 'a', before: '1', after: null }]],
    [
      'another build of the same version',
      lock(conda('numpy', '2.3', 'py313_0')),
      lock(conda('numpy', '2.3', 'py313_1')),
      [{ kind: 'conda', name: 'numpy', before: '2.3 py313_0', after: '2.3 py313_1' }],
    ],
    [
      'other bytes of the same version',
      lock(jar('g:a', '1', sha('a'))),
      lock(jar('g:a', '1', sha('b'))),
      [{ kind: 'jar', name: 'g:a', before: '1', after: '1' }],
    ],
    ['not the programs that write the disk', lock(deb('a', '1', 'tools')), lock(deb('a', '2', 'tools')), []],
  ])('%s', (_, before, after, changes) => {
    expect(packageChanges(before, after)).toEqual(changes);
  });
});
