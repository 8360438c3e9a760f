import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ManifestEntry, manifestLine } from '../../../factory/contracts/manifest';
import { firstDifference, layerDifferences } from '../../../factory/reproduce/compare';

const common = { path: 'opt/a', mode: 0o644, uid: 0, gid: 0, time: 60 };
const FILE: ManifestEntry = { ...common, type: 'file', size: 3, sha256: 'a'.repeat(64) };
const LINK: ManifestEntry = { ...common, type: 'link', link: 'b' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-compare-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function manifest(name: string, entries: readonly ManifestEntry[]): string {
  const file = join(folder, name);
  writeFileSync(file, `#mtree\n${entries.map((entry) => `${manifestLine(entry)}\n`).join('')}`);
  return file;
}

describe('two builds of a layer', () => {
  it.each<[string, ManifestEntry[], ManifestEntry[], string[]]>([
    ['that are equal', [FILE, { ...LINK, path: 'opt/l' }], [FILE, { ...LINK, path: 'opt/l' }], []],
    [
      'with other content',
      [FILE],
      [{ ...FILE, size: 4, sha256: 'b'.repeat(64) }],
      ['/opt/a content 3 bytes of sha256 aaaaaaaaaaaa, then 4 of bbbbbbbbbbbb'],
    ],
    ['with another mode', [FILE], [{ ...FILE, mode: 0o755 }], ['/opt/a mode 0644, then 0755']],
    ['with another owner', [FILE], [{ ...FILE, uid: 990, gid: 5 }], ['/opt/a owner 0:0, then 990:5']],
    [
      'with another time',
      [FILE],
      [{ ...FILE, time: 61 }],
      ['/opt/a time 1970-01-01T00:01:00Z, then 1970-01-01T00:01:01Z'],
    ],
    ['with a link that leads elsewhere', [LINK], [{ ...LINK, link: 'c' }], ['/opt/a link b, then c']],
    ['with a link for a file', [FILE], [LINK], ['/opt/a kind file, then link']],
    ['with a file more', [], [FILE], ['/opt/a only in the second file']],
    ['with a file less', [FILE], [], ['/opt/a only in the first file']],
    [
      'with all of it',
      [FILE],
      [{ ...FILE, mode: 0o600, uid: 1, time: 0, sha256: 'c'.repeat(64) }],
      [
        '/opt/a content 3 bytes of sha256 aaaaaaaaaaaa, then 3 of cccccccccccc',
        '/opt/a mode 0644, then 0600',
        '/opt/a owner 0:0, then 1:0',
        '/opt/a time 1970-01-01T00:01:00Z, then 1970-01-01T00:00:00Z',
      ],
    ],
  ])('%s', async (_, first, second, told) => {
    const found = await layerDifferences(manifest('one', first), manifest('two', second));
    expect(found.map(({ path, what, detail }) => `${path} ${what} ${detail}`)).toEqual(told);
  });
});

describe('two contents', () => {
  it.each([
    ['same', 'same', undefined],
    ['made at 12:01', 'made at 12:02', 'from byte 12: "made at 12:01", then "made at 12:02"'],
    ['short', 'shorter', 'from byte 5: "short", then "shorter"'],
    [
      `${'x'.repeat(100)}1`,
      `${'x'.repeat(100)}2`,
      `from byte 100: "${'x'.repeat(16)}1", then "${'x'.repeat(16)}2"`,
    ],
  ])('%s and %s', (one, two, told) => {
    expect(firstDifference(Buffer.from(one), Buffer.from(two))).toBe(told);
  });
});
