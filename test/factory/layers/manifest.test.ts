import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ManifestEntry, manifestLine, parseManifestLine } from '../../../factory/contracts/manifest';
import { archive } from '../../../factory/layers/archive';
import { HEADERS } from '../../../factory/layers/cache';
import { readManifest, surveyTar } from '../../../factory/layers/manifest';
import { hostExec } from '../../../factory/ports/machine/exec-host';

const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
const EPOCH = 1_700_000_000;

const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\0\n]/.test(text));
const path = fc
  .array(
    name.filter((part) => !part.includes('/') && !/^\.{1,2}$/.test(part)),
    { minLength: 1 },
  )
  .map((parts) => parts.join('/'));
const common = {
  path,
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.nat(),
  gid: fc.nat(),
  time: fc.nat(),
};
const entry: fc.Arbitrary<ManifestEntry> = fc.oneof(
  fc.record({ ...common, type: fc.constant('dir' as const) }),
  fc.record({ ...common, type: fc.constant('link' as const), link: name }),
  fc.record({
    ...common,
    type: fc.constant('file' as const),
    size: fc.nat(),
    sha256: fc.string({ minLength: 1 }).map(sha256),
  }),
);

describe("a manifest's line", () => {
  it('says the whole entry on one line of plain words, whatever the names are', () => {
    fc.assert(
      fc.property(entry, (given) => {
        const line = manifestLine(given);
        expect(line).toMatch(/^[!-~]+( [!-~]+)*$/);
        expect(parseManifestLine(line)).toEqual(given);
      }),
    );
  });

  it.each(['./a type=file mode=0644', './a type=block mode=0644 uid=0 gid=0 time=1.0'])(
    'is refused when it is not whole: %s',
    (line) => {
      expect(() => parseManifestLine(line)).toThrow('not a line of files.mtree');
    },
  );
});

describe("a layer's manifest", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-manifest-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('has every entry of the tar, and the tar’s own digest and size', async () => {
    const tree = join(folder, 'tree');
    mkdirSync(join(tree, 'opt/a b'), { recursive: true });
    writeFileSync(join(tree, 'opt/a b/x=#1'), 'content');
    chmodSync(join(tree, 'opt/a b/x=#1'), 0o750);
    linkSync(join(tree, 'opt/a b/x=#1'), join(tree, 'opt/name'));
    symlinkSync('../a b', join(tree, 'opt/link'));
    writeFileSync(join(tree, 'opt/empty'), '');
    const [tar, manifest] = [join(folder, 'layer.tar'), join(folder, 'files.mtree')];
    await archive(hostExec, { tree, tar, epoch: EPOCH, keepOwners: false });

    const surveyed = await surveyTar(tar, folder);

    const bytes = readFileSync(tar);
    const at = bytes.indexOf('content');
    const outside = [bytes.subarray(0, at), bytes.subarray(at + 'content'.length)];
    const listed = execFileSync('tar', ['--list', '--file', tar]).toString().trim().split('\n');
    expect(surveyed).toEqual({
      digest: `sha256:${sha256(bytes)}`,
      size: bytes.length,
      entries: listed.length,
      headersDigest: `sha256:${sha256(Buffer.concat(outside))}`,
      manifestDigest: `sha256:${sha256(readFileSync(manifest))}`,
    });
    expect(readFileSync(join(folder, HEADERS)).equals(Buffer.concat(outside))).toBe(true);
    const entries: ManifestEntry[] = [];
    for await (const found of readManifest(manifest)) entries.push(found);
    const root = { uid: 0, gid: 0, time: EPOCH };
    const file = { ...root, type: 'file', mode: 0o750, size: 7, sha256: sha256('content') };
    expect(entries.filter(({ type }) => type !== 'dir')).toEqual([
      { ...file, path: 'opt/a b/x=#1' },
      { ...root, path: 'opt/empty', type: 'file', mode: 0o644, size: 0, sha256: sha256('') },
      { ...root, path: 'opt/link', type: 'link', mode: 0o777, link: '../a b' },
      { ...file, path: 'opt/name' },
    ]);
    expect(entries.filter(({ type }) => type === 'dir').map((each) => each.path)).toEqual([
      '',
      'opt',
      'opt/a b',
    ]);
  });

  it('of a tar that ends early is an error', async () => {
    const tree = join(folder, 'tree');
    mkdirSync(tree);
    writeFileSync(join(tree, 'big'), Buffer.alloc(100_000, 1));
    const tar = join(folder, 'layer.tar');
    await archive(hostExec, { tree, tar, epoch: EPOCH, keepOwners: false });
    writeFileSync(tar, readFileSync(tar).subarray(0, 50_000));
    await expect(surveyTar(tar, folder)).rejects.toThrow();
  });
});
