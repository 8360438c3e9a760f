import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ManifestEntry } from '../../../factory/contracts/manifest';
import { changedPaths, FIXED_DATE, visibleDigest, visibleEntries } from '../../../factory/layers/view';

const EPOCH = 1_700_000_000;
const common = { mode: 0o755, uid: 0, gid: 0, time: 1_600_000_000 };
const dir = (path: string): ManifestEntry => ({ ...common, path, type: 'dir' });
const file = (path: string, change: { sha256?: string; time?: number } = {}): ManifestEntry => ({
  ...{ ...common, path, type: 'file', size: 1, sha256: 'a'.repeat(64) },
  ...change,
});

const TREE: readonly ManifestEntry[] = [
  dir(''),
  dir('etc'),
  file('etc/passwd'),
  dir('usr'),
  dir('usr/bin'),
  file('usr/bin/python3.13'),
  dir('usr/lib'),
  file('usr/lib/libc.so.6'),
  file('usr/lib/libcrypto.so.3'),
  dir('usr/lib/jvm'),
  file('usr/lib/jvm/java'),
];
const paths = (only: readonly string[] | undefined, without: readonly string[] = []): readonly string[] =>
  visibleEntries(
    TREE,
    { without: [...without], ...(only === undefined ? {} : { only: [...only] }) },
    EPOCH,
  ).map(({ path }) => path);

describe('what a view shows', () => {
  it.each<[string, readonly string[] | undefined, readonly string[], readonly string[]]>([
    ['everything by default', undefined, [], TREE.map(({ path }) => path)],
    ['a file, and the folders that lead to it', ['etc/passwd'], [], ['', 'etc', 'etc/passwd']],
    [
      'all below a folder, without what is hidden',
      ['usr'],
      ['usr/lib'],
      ['', 'usr', 'usr/bin', 'usr/bin/python3.13'],
    ],
    [
      'a star for part of a name, and not for a folder more',
      ['usr/lib/libc.so.*', 'usr/*.13'],
      [],
      ['', 'usr', 'usr/lib', 'usr/lib/libc.so.6'],
    ],
    ['nothing of another path that begins alike', ['usr/li'], [], ['']],
    ['a dot as a dot', ['usr/lib/libcrypto_so.3'], [], ['']],
  ])('%s', (_, only, without, expected) => {
    expect(paths(only, without)).toEqual(expected);
  });
});

describe('the digest of what is seen', () => {
  const digest = (entries: readonly ManifestEntry[], only = ['usr/lib'], epoch = EPOCH): string =>
    visibleDigest(visibleEntries(entries, { only, without: ['usr/lib/jvm'] }, epoch));

  it('changes with each byte, name, mode and date of a file that is seen, and with nothing else', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: TREE.length - 1 }),
        fc.constantFrom('content', 'mode', 'owner', 'time', 'gone'),
        (index, what) => {
          const changed = TREE.flatMap((entry, at): ManifestEntry[] => {
            if (at !== index) return [entry];
            if (what === 'gone') return [];
            if (what === 'mode') return [{ ...entry, mode: 0o700 }];
            if (what === 'owner') return [{ ...entry, uid: 1 }];
            if (what === 'time') return [{ ...entry, time: entry.time + 1 }];
            return [entry.type === 'file' ? { ...entry, sha256: 'b'.repeat(64) } : entry];
          });
          const seen = new Set(['', 'usr', 'usr/lib', 'usr/lib/libc.so.6', 'usr/lib/libcrypto.so.3']);
          const entry = TREE[index];
          const isFile = entry?.type === 'file';
          const counts = seen.has(entry?.path ?? '-') && (isFile || ['mode', 'owner', 'gone'].includes(what));
          expect(digest(changed) !== digest(TREE)).toBe(counts);
        },
      ),
    );
  });

  it('does not change with the date of the lock, which dates what was made when the layer was built', () => {
    const made = (time: number): readonly ManifestEntry[] => [...TREE, file('usr/lib/made', { time })];
    expect(digest(made(EPOCH), undefined, EPOCH)).toBe(digest(made(EPOCH + 9), undefined, EPOCH + 9));
    expect(digest(made(EPOCH))).not.toBe(digest(made(EPOCH - 9)));
    const entry = visibleEntries(made(EPOCH), { without: [] }, EPOCH).at(-1);
    expect(entry).toMatchObject({ path: 'usr/lib/made', time: FIXED_DATE });
  });
});

it('paths that changed are those that came, went or are other ones', () => {
  const now = [...TREE.filter(({ path }) => path !== 'etc/passwd'), file('new')].map((entry) =>
    entry.path === 'usr/bin/python3.13' && entry.type === 'file'
      ? { ...entry, sha256: 'c'.repeat(64) }
      : entry,
  );
  expect(changedPaths(TREE, now)).toEqual(['etc/passwd', 'new', 'usr/bin/python3.13']);
});
