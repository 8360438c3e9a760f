import { describe, expect, it } from 'vitest';
import { groupOf, isPackageList, packageOwners, standsAlone } from '../../../factory/disk/groups';

const owners = packageOwners(
  new Map([
    [
      'var/lib/dpkg/info/libc6:amd64.list',
      '/.\n/lib\n/lib/x86_64-linux-gnu/libm.so.6\n/usr/share/doc/libc6/copyright\n',
    ],
    ['var/lib/dpkg/info/python3.13-minimal.list', '/usr/bin/python3.13\n'],
    [
      'opt/conda-env/conda-meta/python-dateutil-2.9.0-pyhd8ed1ab_0.json',
      JSON.stringify({ files: ['lib/python3.13/site-packages/dateutil/tz.py'] }),
    ],
  ]),
);

describe('what changes together', () => {
  it.each([
    ['a file of a Debian package', 'usr/share/doc/libc6/copyright', 'deb libc6'],
    [
      'one that its list names from before /lib became a link',
      'usr/lib/x86_64-linux-gnu/libm.so.6',
      'deb libc6',
    ],
    ['what dpkg knows of a package', 'var/lib/dpkg/info/libc6:amd64.md5sums', 'deb libc6'],
    [
      'a package with dots in its name',
      'var/lib/dpkg/info/python3.13-minimal.postinst',
      'deb python3.13-minimal',
    ],
    [
      'a file of a conda package, whose name has dashes',
      'opt/conda-env/lib/python3.13/site-packages/dateutil/tz.py',
      'conda python-dateutil',
    ],
    [
      'what conda knows of it',
      'opt/conda-env/conda-meta/python-dateutil-2.9.0-pyhd8ed1ab_0.json',
      'conda python-dateutil',
    ],
    ['a file of no package', 'etc/ld.so.cache', 'folder etc'],
  ])('%s', (_, path, group) => {
    expect(groupOf({ path, size: 100 }, owners)).toBe(group);
  });

  it('is a large file alone, whoever it belongs to', () => {
    const group = groupOf({ path: 'usr/lib/x86_64-linux-gnu/libm.so.6', size: 2 ** 20 }, owners);
    expect(group).toBe('file usr/lib/x86_64-linux-gnu/libm.so.6');
    expect(standsAlone(group)).toBe(true);
  });

  it.each([
    ['var/lib/dpkg/info/libc6:amd64.list', true],
    ['var/lib/dpkg/info/libc6:amd64.md5sums', false],
    ['opt/conda-env/conda-meta/numpy-2.3.4-py313_0.json', true],
    ['opt/conda-env/conda-meta/history', false],
  ])('is known from %s: %s', (path, is) => {
    expect(isPackageList(path)).toBe(is);
  });
});
