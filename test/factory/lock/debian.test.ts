import { describe, expect, it } from 'vitest';
import { aptConfig, preferences, sourcesList } from '../../../factory/lock/debian/apt-config';
import { parsePackageList } from '../../../factory/lock/debian/package-list';
import { expiredOn, parsePrintUris, parseShow, releaseDate } from '../../../factory/lock/debian/parse';
import { refuseOtherNames } from '../../../factory/lock/debian/own-names';
import { refusal } from '../spec/support';

describe("apt's private world", () => {
  it('names the suite, its updates and its security archive, signed by the given keyring only', () => {
    expect(
      sourcesList(
        { suite: 'trixie' },
        { debian: 'http://m/debian', 'debian-security': 'http://s' },
        '/k.gpg',
      ),
    ).toBe(
      [
        'deb [arch=amd64 signed-by=/k.gpg] http://m/debian trixie main',
        'deb [arch=amd64 signed-by=/k.gpg] http://m/debian trixie-updates main',
        'deb [arch=amd64 signed-by=/k.gpg] http://s trixie-security main',
        '',
      ].join('\n'),
    );
  });

  it('names another suite for one package, whose date of expiry alone is not checked', () => {
    const sources = { suite: 'trixie', beside: { suite: 'sid', package: 'openjdk-8-jre-headless' } };
    const bases = { debian: 'http://m/debian', 'debian-security': 'http://s' };
    const unchecked = sourcesList(sources, bases, '/k.gpg').match(/.*check-valid-until.*/g);
    expect(unchecked).toEqual([
      'deb [arch=amd64 signed-by=/k.gpg check-valid-until=no] http://m/debian sid main',
    ]);
    expect(preferences({ suite: 'trixie' })).toBe('');
  });

  it('keeps how this machine reaches mirrors, and none of its hooks, sources or preferences', () => {
    const config = aptConfig(
      '/tmp/x',
      [
        'Acquire::http::Proxy "http://proxy:3128";',
        'Acquire::Check-Valid-Until "false";',
        'Acquire::IndexTargets::deb "";',
        'APT::Update::Post-Invoke:: "rm -f /var/cache/apt/*";',
      ].join('\n'),
    );
    expect(config).toContain('Acquire::http::Proxy "http://proxy:3128";');
    expect(config).toContain('Acquire::Check-Valid-Until "false";');
    expect(config).not.toContain('Post-Invoke');
    expect(config).not.toContain('IndexTargets');
  });
});

describe('what apt prints', () => {
  it('gives the plan: names, versions with their epoch, architectures', () => {
    const text = `Reading package lists...
'http://m/debian/pool/main/libc/libcap2/libcap2_2.75-10%2bb3_amd64.deb' libcap2_1%3a2.75-10+b3_amd64.deb 28988 MD5Sum:8764
'http://s/pool/updates/main/t/tzdata/tzdata_2026a_all.deb' tzdata_2026a_all.deb 300 
`;
    expect(parsePrintUris(text)).toEqual([
      {
        uri: 'http://m/debian/pool/main/libc/libcap2/libcap2_2.75-10%2bb3_amd64.deb',
        name: 'libcap2',
        version: '1:2.75-10+b3',
        arch: 'amd64',
      },
      {
        uri: 'http://s/pool/updates/main/t/tzdata/tzdata_2026a_all.deb',
        name: 'tzdata',
        version: '2026a',
        arch: 'all',
      },
    ]);
  });

  const stanza = `Package: libcap2
Version: 1:2.75-10+b3
Architecture: amd64
Description: with a second line
 Package: not this one
Filename: pool/main/libc/libcap2/libcap2_2.75-10+b3_amd64.deb
Size: 28988
SHA256: ${'a'.repeat(64)}
`;

  it('gives the checksums of the signed index', () => {
    expect(parseShow(`${stanza}\n${stanza.replaceAll('libcap2', 'libcap3')}`)).toMatchObject([
      { name: 'libcap2', version: '1:2.75-10+b3', size: 28988, sha256: 'a'.repeat(64) },
      { name: 'libcap3' },
    ]);
  });

  it('is refused without a checksum', async () => {
    const error = await refusal(() => parseShow(stanza.replace(/SHA256.*\n/, '')));
    expect(error).toMatchObject({ code: 'bad-index' });
  });
});

it('the epoch is the Date of the Release file', async () => {
  expect(releaseDate('Suite: stable\nDate: Sat, 12 Sep 2026 07:55:41 UTC\nAcquire-By-Hash: yes\n')).toBe(
    1789199741,
  );
  expect((await refusal(() => releaseDate('Suite: stable\n'))).code).toBe('bad-index');
});

it.each([
  ['Valid-Until: Sat, 19 Sep 2026 20:24:13 UTC', '2026-09-19'],
  ['Valid-Until: Sat, 10 Oct 2026 20:24:13 UTC', undefined],
  ['', undefined],
])('an index with "%s" has expired on %s', (field, day) => {
  const release = `Suite: unstable\nDate: Sat, 12 Sep 2026 07:55:41 UTC\n${field}\n`;
  expect(expiredOn(release, new Date('2026-10-01'))).toBe(day);
});

it('a package list has one name a line, with comments', () => {
  expect(parsePackageList('# boot\nsystemd   # init\n\n  udev\n')).toEqual(['systemd', 'udev']);
});

it('a package of factory.yaml comes by its very name, not as what apt takes it for', async () => {
  const planned = [{ name: 'htop' }, { name: 'exim4-daemon-light' }];
  refuseOtherNames(['htop'], planned, 'trixie');
  const error = await refusal(() => {
    refuseOtherNames(['htop', 'mail-transport-agent'], planned, 'trixie');
  });
  expect(error.faults).toMatchObject([
    {
      where: 'factory.yaml: debs',
      what: expect.stringContaining('mail-transport-agent is no package') as string,
    },
  ]);
});
