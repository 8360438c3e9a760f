import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aptConfig, preferences } from '../../../factory/lock/debian/apt-config';
import { parsePrintUris } from '../../../factory/lock/debian/parse';
import { hostExec } from '../../../factory/ports/machine/exec-host';

/** The real apt, with two archives in folders. */
let folder: string;

const stanza = (name: string, version: string, more = ''): string =>
  `Package: ${name}\nVersion: ${version}\nArchitecture: amd64\nMaintainer: a <a@example.org>\n` +
  `Filename: pool/${name}_${version}_amd64.deb\nSize: 1\nSHA256: ${'a'.repeat(64)}\n${more}\n`;

function archive(suite: string, stanzas: readonly string[]): void {
  const dist = join(folder, suite, 'dists', suite);
  mkdirSync(join(dist, 'main', 'binary-amd64'), { recursive: true });
  writeFileSync(join(dist, 'main', 'binary-amd64', 'Packages'), stanzas.join(''));
  writeFileSync(
    join(dist, 'Release'),
    `Codename: ${suite}\nSuite: ${suite}\nDate: Sat, 12 Sep 2026 07:55:41 UTC\n` +
      'Architectures: amd64\nComponents: main\n',
  );
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-apt-test-'));
  archive('trixie', [stanza('libc', '1'), stanza('zlib', '1')]);
  archive('sid', [
    stanza('libc', '2'),
    stanza('only-in-sid', '2'),
    stanza('jdk', '8', 'Depends: libc (>= 1), zlib\n'),
    stanza('jdk-needs-newer', '8', 'Depends: libc (>= 2)\n'),
    stanza('jdk-needs-other', '8', 'Depends: only-in-sid\n'),
  ]);
  for (const sub of ['state/lists/partial', 'cache/archives/partial', 'none'])
    mkdirSync(join(folder, sub), { recursive: true });
  writeFileSync(join(folder, 'status'), '');
  writeFileSync(
    join(folder, 'sources.list'),
    ['trixie', 'sid']
      .map((suite) => `deb [arch=amd64 trusted=yes] file:${join(folder, suite)} ${suite} main\n`)
      .join(''),
  );
  writeFileSync(join(folder, 'apt.conf'), aptConfig(folder, ''));
  await apt('jdk', 'update');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** @param only the package that may come from sid. */
async function apt(only: string, ...words: readonly string[]): Promise<string> {
  const beside = { suite: 'sid', package: only };
  writeFileSync(join(folder, 'preferences'), preferences({ suite: 'trixie', beside }));
  const env = { APT_CONFIG: join(folder, 'apt.conf'), LC_ALL: 'C.UTF-8' };
  return (await hostExec.run('apt-get', ['-q', ...words], { env })).stdout;
}

const plan = async (only: string, ...names: readonly string[]): Promise<readonly string[]> =>
  parsePrintUris(await apt(only, 'install', '--print-uris', '-y', ...names))
    .map(({ name, version }) => `${name}=${version}`)
    .sort();

describe('a suite beside the stable one', () => {
  it('gives its one package, all whose dependencies are of the stable suite', async () => {
    expect(await plan('jdk', 'jdk')).toEqual(['jdk=8', 'libc=1', 'zlib=1']);
  });

  it.each([
    ['what the stable suite lacks', 'jdk', ['only-in-sid']],
    ['a newer version of what the stable suite has', 'jdk-needs-newer', ['jdk-needs-newer']],
    ['what its one package depends on', 'jdk-needs-other', ['jdk-needs-other']],
    ['another JDK than the one that is meant', 'jdk', ['jdk-needs-newer']],
  ])('never gives %s', async (_, only, names) => {
    await expect(plan(only, ...names)).rejects.toThrow(/E: /);
  });
});
