import { describe, expect, it } from 'vitest';
import type { Exec } from '../../../../factory/ports/machine/exec';
import {
  hostMirrors,
  pickArchive,
  pickIndex,
  pickMavenMirror,
} from '../../../../factory/ports/inputs/mirrors-host';

describe("where this machine's own clients look", () => {
  it.each([
    ['by its label', 'Other|http://x/debian/\nDebian|http://m/ftp/\n', 'debian', 'http://m/ftp'],
    [
      'by its path while apt has no lists',
      '|http://m/debian/\n|http://m/debian-security/\n',
      'debian-security',
      'http://m/debian-security',
    ],
    ['not at all', 'Node Source|https://n/node\n', 'debian', undefined],
    ['no address but http', 'Debian|cdrom:[x]/\n', 'debian', undefined],
  ] as const)('apt: %s', (_, lines, archive, expected) => {
    expect(pickArchive(lines, archive)).toBe(expected);
  });

  it.each([
    ["global.cert='/x'\nglobal.index-url='http://corp/simple/'\n", 'http://corp/simple'],
    [":env:.index-url='http://env/simple'\nglobal.index-url='http://corp/simple'\n", 'http://env/simple'],
    ["global.extra-index-url='http://more'\n", undefined],
  ])('pip: %j', (list, expected) => {
    expect(pickIndex(list)).toBe(expected);
  });

  const settings = (of: string): string =>
    `<settings><mirrors><mirror><id>m</id><mirrorOf>${of}</mirrorOf><url>http://corp/maven/</url></mirror></mirrors></settings>`;

  it.each([
    [settings('*'), 'http://corp/maven'],
    [settings('central, other'), 'http://corp/maven'],
    [settings('*,!central'), undefined],
    [settings('other'), undefined],
    ['<settings/>', undefined],
    ['<settings><mirrors/></settings>', undefined],
  ])('Maven: %s', (xml, expected) => {
    expect(pickMavenMirror(xml)).toBe(expected);
  });

  it('is asked once; a variable goes before it', async () => {
    const asked: string[] = [];
    const exec: Exec = {
      run(program) {
        asked.push(program);
        return Promise.resolve({ code: 0, stdout: 'Debian|http://m/debian/\n', stderr: '' });
      },
    };
    const mirrors = hostMirrors(exec, { KILN_MIRROR_PYPI: 'http://named/simple/' });
    expect(await mirrors.base('pypi')).toBe('http://named/simple');
    expect(asked).toEqual([]);
    expect([await mirrors.base('debian'), await mirrors.base('debian')]).toEqual([
      'http://m/debian',
      'http://m/debian',
    ]);
    expect(asked).toEqual(['apt-get']);
    expect(await mirrors.base('debian-security')).toBe('http://m/debian-security');
  });
});
