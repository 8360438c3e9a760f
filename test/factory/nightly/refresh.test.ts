import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Input } from '../../../factory/contracts/lock';
import { readAsked } from '../../../factory/lock/asked';
import { serialise } from '../../../factory/lock/serialise';
import {
  type Index,
  indicesOf,
  lookAtAll,
  remembered,
  type Seen,
} from '../../../factory/nightly/refresh/indices';
import { askedDigest } from '../../../factory/nightly/refresh/resolve';
import { settled } from '../../../factory/nightly/refresh/settle';
import { newestPatch, withSpark } from '../../../factory/nightly/refresh/spark';
import type { Exec } from '../../../factory/ports/machine/exec';
import { FakeHttp, type FakeAnswer } from '../../../factory/ports/inputs/http-fake';
import type { IndexFile } from '../../../factory/ports/inputs/python-index';
import { anyInput, lockOf } from '../lock/support';
import { SPEC } from '../spec/support';
import { deb, nightlyProject } from './support';

const NOW = Date.parse('2026-11-24T02:00:00Z');
const release: Index = {
  name: 'debian trixie',
  url: 'http://mirror/dists/trixie/InRelease',
  kind: 'release',
};
const page: Index = { name: 'pypi pyspark', url: 'http://index/pyspark/', kind: 'page' };
const large: Index = { name: 'conda forge noarch', url: 'http://conda/noarch/repodata.json', kind: 'large' };

const look = async (index: Index, answer: FakeAnswer, before?: Seen) => {
  const http = new FakeHttp({ [index.url]: answer });
  const [found] = await lookAtAll([index], before === undefined ? [] : [before], http, NOW);
  if (found === undefined) throw new Error('nothing was looked at');
  return { ...found, asked: http.seen };
};
const seenOf = async (index: Index, answer: FakeAnswer): Promise<Seen> => {
  const { seen } = await look(index, answer);
  if (seen === undefined) throw new Error('nothing was seen');
  return seen;
};

describe('an index', () => {
  it.each([
    ['answers 304', release, { status: 304 }, true],
    ['has the same bytes under another tag', release, { body: 'text', headers: { etag: '"2"' } }, true],
    ['has other bytes', release, { body: 'other' }, false],
    ['is not there any more', release, { status: 404 }, false],
    ['has other bytes under the same tag', page, { body: 'other', headers: { etag: '"1"' } }, false],
  ] as const)('that %s: same is %4$s', async (_, index, answer, same) => {
    const before = await seenOf(index, { body: 'text', headers: { etag: '"1"' } });
    expect((await look(index, answer, before)).same).toBe(same);
  });

  it('too large to be read is compared by what the server says of it, and not downloaded', async () => {
    const before = await seenOf(large, { headers: { etag: '"1"' } });
    const again = await look(large, { headers: { etag: '"1"' } }, before);
    expect(again).toMatchObject({ same: true, asked: [`HEAD ${large.url}`] });
    expect((await look(large, { headers: { etag: '"2"' } }, before)).same).toBe(false);
  });

  it('too large to be read, of which the server says nothing, counts as changed each time', async () => {
    expect(await look(large, {})).toMatchObject({ seen: undefined, same: false });
  });

  it('whose signature has run out is not taken for unchanged, whatever the server says', async () => {
    const body = 'Valid-Until: Tue, 24 Nov 2026 01:00:00 UTC\n';
    const before = await seenOf(release, { body, headers: { etag: '"1"' } });
    expect((await look(release, { status: 304 }, before)).same).toBe(false);
    expect((await look(release, { body }, before)).same).toBe(false);
  });

  it('at another mirror than before is read there', async () => {
    const before = await seenOf(release, { body: 'text' });
    const moved = { ...release, url: 'http://other/dists/trixie/InRelease' };
    expect((await look(moved, { body: 'text' }, before)).same).toBe(false);
  });

  it('of a folder is known again at whatever port it is served', async () => {
    const at = (port: number): Index => ({
      ...page,
      url: `http://127.0.0.1:${String(port)}/noarch/repodata.json`,
    });
    const before = await seenOf(at(1001), { body: '{}' });
    expect((await look(at(1002), { body: '{}' }, before)).same).toBe(true);
    expect((await look(at(1002), { body: '{"new":1}' }, before)).same).toBe(false);
  });

  it('is remembered only with the signature of the archive', async () => {
    const looks = [await look(release, { body: 'text' }), await look(page, { body: 'page' })];
    const gpgv = (good: boolean): Exec => ({
      run: (program) =>
        program === 'gpgv' && good
          ? Promise.resolve({ code: 0, stdout: '', stderr: '' })
          : Promise.reject(new Error('BAD signature')),
    });
    expect((await remembered(looks, gpgv(true))).map(({ name }) => name)).toEqual([
      'debian trixie',
      'pypi pyspark',
    ]);
    expect((await remembered(looks, gpgv(false))).map(({ name }) => name)).toEqual(['pypi pyspark']);
  });

  it('of each suite, project and channel that a resolution reads is looked at', () => {
    const bases = {
      debian: 'http://m/debian',
      'debian-security': 'http://m/debian-security',
      pypi: 'http://p/simple',
      channels: { example: 'http://127.0.0.1:1', forge: 'http://c/forge' },
    };
    expect(
      indicesOf({ suite: 'trixie' }, ['pyspark', 'flit-core', 'pyspark'], bases).map(
        ({ url, kind }) => `${kind} ${url}`,
      ),
    ).toEqual([
      'release http://m/debian/dists/trixie/InRelease',
      'release http://m/debian/dists/trixie-updates/InRelease',
      'release http://m/debian-security/dists/trixie-security/InRelease',
      'page http://p/simple/flit-core/',
      'page http://p/simple/pyspark/',
      'page http://127.0.0.1:1/linux-64/repodata.json',
      'page http://127.0.0.1:1/noarch/repodata.json',
      'large http://c/forge/linux-64/repodata.json',
      'large http://c/forge/noarch/repodata.json',
    ]);
  });
});

describe('what a resolution is asked for', () => {
  it.each([
    ['another Spark', SPEC.replace('4.1.4', '4.1.3')],
    ['another policy', `${SPEC}nightly:\n  spark: patch\n`],
    ['files left out of the environment', SPEC.replace('conda:\n', 'conda:\n  without: [share/man]\n')],
  ])('is something else with %s', (_, spec) => {
    const project = nightlyProject();
    const digest = (): string => askedDigest(project, readAsked(project), '0.1.0');
    const before = digest();
    expect(digest()).toBe(before);
    writeFileSync(project.spec, spec);
    expect(digest()).not.toBe(before);
  });
});

describe('the newest patch release of Spark', () => {
  const file = (release: string, change: Partial<IndexFile> = {}): IndexFile => ({
    file: `pyspark-${release}.tar.gz`,
    url: 'http://index/x',
    sha256: '0'.repeat(64),
    size: 1,
    yanked: false,
    requiresPython: undefined,
    ...change,
  });

  it.each([
    ['the newest by number, not by text', ['4.1.4', '4.1.10', '4.1.9'], '4.1.10'],
    ['of the same line only', ['4.1.4', '4.2.0', '4.0.9'], '4.1.4'],
    ['the one in use where there is no newer', ['4.1.1'], '4.1.4'],
    ['the one in use of an index that has none', [], '4.1.4'],
    ['no preview', ['4.1.5.dev1', '4.1.6rc1'], '4.1.4'],
  ])('is %s', (_, releases, newest) => {
    expect(
      newestPatch(
        '4.1.4',
        releases.map((each) => file(each)),
      ),
    ).toBe(newest);
  });

  it('is none that was withdrawn, is no source distribution, or does not work', () => {
    expect(newestPatch('4.1.4', [file('4.1.5', { yanked: true })])).toBe('4.1.4');
    expect(newestPatch('4.1.4', [file('4.1.5', { file: 'pyspark-4.1.5-py3-none-any.whl' })])).toBe('4.1.4');
    // compatibility.ts says why.
    expect(newestPatch('4.1.1', [file('4.1.2')])).toBe('4.1.1');
  });

  it('changes factory.yaml at that place and nowhere else', () => {
    const text = `# spark: 1.0.0\nimage: x\nspark:   "4.1.4"   # why\n${SPEC.split('\n').slice(2).join('\n')}`;
    expect(withSpark(text, '4.1.5')).toBe(text.replace('"4.1.4"', '4.1.5'));
  });
});

describe('a lock in which no package moved', () => {
  it('is the one of before, with its time', () => {
    const before = lockOf([deb('a', '1')], { epoch: 100 });
    expect(settled(lockOf([deb('a', '1')], { epoch: 200 }), [before])).toBe(before);
  });

  it('of Debian keeps the time of before, so that the base stays', () => {
    const jar: Input = {
      use: 'jars',
      source: 'maven',
      name: 'a:b',
      version: '1',
      path: 'a',
      size: 1,
      sha256: '1'.repeat(64),
    };
    const after = settled(lockOf([deb('a', '1'), jar], { epoch: 200 }), [
      lockOf([deb('a', '1')], { epoch: 100 }),
    ]);
    expect(after).toMatchObject({ epoch: 100, inputs: [deb('a', '1'), jar] });
  });

  it('has its own time once one did', () => {
    const after = lockOf([deb('a', '2')], { epoch: 200 });
    expect(settled(after, [lockOf([deb('a', '1')], { epoch: 100 })])).toBe(after);
  });

  it('never has other inputs than were resolved', () => {
    fc.assert(
      fc.property(fc.array(anyInput), fc.array(anyInput), (one, two) => {
        const after = lockOf(two, { epoch: 200 });
        const result = settled(after, [lockOf(one, { epoch: 100 })]);
        expect(serialise({ ...result, epoch: 200 })).toBe(serialise(after));
      }),
    );
  });
});
