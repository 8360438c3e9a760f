import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack, type Header } from 'tar-stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { Input } from '../../../factory/contracts/lock';
import { defined } from '../../../factory/defined';
import { KilnError } from '../../../factory/errors';
import { FakeHttp } from '../../../factory/ports/inputs/http-fake';
import { admit } from '../../../factory/vault';
import { inspect } from '../../../factory/vault/inspect';
import { HttpSource } from '../../../factory/vault/sources';
import { sha256, vaultOf } from './support';

/** A small real archive of each kind that locks name. */
const KINDS = ['deb', 'jar', 'tar.gz', 'whl', 'conda', 'tar.bz2'] as const;
type Kind = (typeof KINDS)[number];

interface Member {
  readonly name: string;
  readonly type?: Header['type'];
  readonly link?: string;
  readonly content?: Uint8Array | string;
}

let folder: string;
const real = new Map<Kind, Buffer>();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-corrupted-'));
  for (const kind of KINDS) real.set(kind, await make(kind, kind === 'whl' ? [...GOOD, METADATA] : GOOD));
}, 60_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const GOOD: readonly Member[] = [
  { name: 'pkg-1/', type: 'directory' },
  { name: 'pkg-1/a.py', content: 'print("a")\n'.repeat(80) },
  { name: 'pkg-1/b.txt', content: Buffer.from([...Array(900).keys()].map((i) => (i * 37) % 251)) },
  { name: 'pkg-1/c.txt', content: 'c' },
];

const METADATA: Member = { name: 'p-1.dist-info/METADATA', content: 'Name: p\n' };

/** A tar with exactly those members, however wrong: no tool would write some of them. */
async function tarOf(members: readonly Member[]): Promise<Buffer> {
  const out = pack();
  const all = buffer(out);
  for (const { name, type = 'file', link, content } of members) {
    const header = { name, type, ...defined({ linkname: link }) };
    if (type === 'file') out.entry(header, Buffer.from(content ?? ''));
    else out.entry(header);
  }
  out.finalize();
  return await all;
}

/** A zip by Python, which writes any name and, with a warning, one name twice. */
function zipOf(members: readonly Member[], stored = false): Buffer {
  const script = `
import base64, json, sys, warnings, zipfile
warnings.simplefilter("ignore")
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_STORED if sys.argv[2] == "stored" else zipfile.ZIP_DEFLATED) as out:
    for name, mode, content in json.load(sys.stdin):
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        info.compress_type = out.compression
        out.writestr(info, base64.b64decode(content))
`;
  const file = join(folder, 'made.zip');
  const entries = members.map(({ name, type, link, content }) => [
    name,
    type === 'symlink' ? 0o120777 : 0o100644,
    Buffer.from(link ?? content ?? '').toString('base64'),
  ]);
  execFileSync('python3', ['-c', script, file, stored ? 'stored' : 'deflated'], {
    input: JSON.stringify(entries),
    maxBuffer: 1 << 28,
  });
  return readFileSync(file);
}

const command = (program: string, args: readonly string[], input: Buffer): Buffer =>
  execFileSync(program, args, { input, maxBuffer: 1 << 28 });

/** ar(5), as dpkg-deb reads it. */
function arOf(members: readonly (readonly [string, Buffer])[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from('!<arch>\n')];
  for (const [name, content] of members) {
    const fields = [name.padEnd(16), '0'.padEnd(12), '0'.padEnd(6), '0'.padEnd(6), '100644'.padEnd(8)];
    parts.push(Buffer.from(`${fields.join('')}${String(content.length).padEnd(10)}\`\n`), content);
    if (content.length % 2 === 1) parts.push(Buffer.from('\n'));
  }
  return Buffer.concat(parts);
}

async function make(kind: Kind, members: readonly Member[]): Promise<Buffer> {
  const tar = async (): Promise<Buffer> => await tarOf(members);
  switch (kind) {
    case 'deb': {
      const control = await tarOf([
        {
          name: './control',
          content:
            'Package: p\nVersion: 1\nArchitecture: all\nMaintainer: m <m@example.org>\nDescription: d\n',
        },
      ]);
      return arOf([
        ['debian-binary', Buffer.from('2.0\n')],
        ['control.tar.gz', gzipSync(control)],
        ['data.tar.gz', gzipSync(await tar())],
      ]);
    }
    case 'jar':
    case 'whl':
      return zipOf(members);
    case 'tar.gz':
      return gzipSync(await tar());
    case 'tar.bz2':
      return command('bzip2', ['--stdout'], await tar());
    case 'conda': {
      const zst = command('zstd', ['--stdout', '--quiet'], await tar());
      const info = command(
        'zstd',
        ['--stdout', '--quiet'],
        await tarOf([{ name: 'info/index.json', content: '{}' }]),
      );
      return zipOf(
        [
          { name: 'metadata.json', content: '{}' },
          { name: 'pkg-p-1-0.tar.zst', content: zst },
          { name: 'info-p-1-0.tar.zst', content: info },
        ],
        true,
      );
    }
  }
}

/** The lock's entry for that content. */
function lockedAs(kind: Kind, content: Buffer): Input {
  const bytes = { size: content.length, sha256: sha256(content) };
  const common = { name: 'p', version: '1', ...bytes };
  switch (kind) {
    case 'deb':
      return {
        ...common,
        use: 'os',
        source: 'debian',
        arch: 'all',
        archive: 'debian',
        path: 'pool/p_1_all.deb',
      };
    case 'jar':
      return { ...common, use: 'jars', source: 'maven', path: 'p/p-1.jar' };
    case 'whl':
      return { ...common, use: 'code', source: 'pypi', file: 'p-1-py3-none-any.whl' };
    case 'tar.gz':
      return { ...common, use: 'spark', source: 'pypi', file: 'p-1.tar.gz' };
    case 'conda':
    case 'tar.bz2':
      return {
        ...common,
        use: 'conda',
        source: 'conda',
        build: '0',
        channel: 'example',
        subdir: 'noarch',
        file: `p-1-0.${kind}`,
      };
  }
}

const realOf = (kind: Kind): Buffer => real.get(kind) ?? Buffer.alloc(0);

/** Every path below the folder with its content, but the lock that downloads hold. */
function inventory(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'lock')
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      return `${file} ${createHash('sha256').update(readFileSync(file)).digest('hex')}`;
    })
    .sort();
}

/** A generator that gives the same numbers in every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Offsets at which a parser would find a whole archive, but for what is missing. */
function boundaries(kind: Kind, content: Buffer): number[] {
  const found: number[] = [];
  const marks = kind === 'deb' ? ['`\n'] : ['PK\u0003\u0004', 'PK\u0001\u0002', 'PK\u0005\u0006'];
  for (const mark of marks) {
    for (let at = content.indexOf(mark, 1, 'latin1'); at !== -1; at = content.indexOf(mark, at + 1, 'latin1'))
      found.push(kind === 'deb' ? at - 58 : at);
  }
  return found;
}

/** The tar inside, cut at each of its members and packed again: well-formed for every parser but a careful one. */
async function cutTars(kind: Kind): Promise<Buffer[]> {
  if (kind !== 'tar.gz') return [];
  const tar = await tarOf(GOOD);
  return Array.from({ length: tar.length / 512 - 1 }, (_, i) => gzipSync(tar.subarray(0, 512 * (i + 1))));
}

interface Variant {
  readonly name: string;
  readonly served: Buffer;
}

async function variants(kind: Kind): Promise<Variant[]> {
  const content = realOf(kind);
  const random = seeded(KINDS.indexOf(kind) + 1);
  const flips = Array.from({ length: 20 }, () => {
    const at = random(content.length);
    const bit = random(8);
    const served = Buffer.from(content);
    served[at] = (served[at] ?? 0) ^ (1 << bit);
    return { name: `bit ${bit} of byte ${at} flipped`, served };
  });
  const cuts = [...boundaries(kind, content), ...Array.from({ length: 6 }, () => random(content.length))].map(
    (at) => ({ name: `cut at byte ${at}`, served: content.subarray(0, at) }),
  );
  const others = KINDS.filter((other) => other !== kind).map((other) => ({
    name: `the ${other} in its place`,
    served: realOf(other),
  }));
  return [
    ...flips,
    ...cuts,
    ...others,
    ...(await cutTars(kind)).map((served, i) => ({ name: `its tar cut after ${i + 1} blocks`, served })),
    { name: 'nothing', served: Buffer.alloc(0) },
    { name: 'a byte appended', served: Buffer.concat([content, Buffer.from('x')]) },
    { name: 'itself appended', served: Buffer.concat([content, content]) },
    { name: 'zeros of its size', served: Buffer.alloc(content.length) },
  ];
}

let tried = 0;

describe.each(KINDS)('a %s', (kind) => {
  it('is admitted as it is', async () => {
    const content = realOf(kind);
    const file = join(folder, `good.${kind}`);
    writeFileSync(file, content);
    await inspect(lockedAs(kind, content), file);
  });

  it('in every corrupted form is refused by its hash, before a parser sees it, and nothing of it stays', async () => {
    const input = lockedAs(kind, realOf(kind));
    for (const { name, served } of await variants(kind)) {
      tried += 1;
      const root = mkdtempSync(join(folder, 'vault-'));
      mkdirSync(join(root, 'vault'));
      const before = inventory(root);
      const mirror = new HttpSource(
        'the mirror',
        new FakeHttp({ 'http://mirror/file': { body: served } }),
        () => Promise.resolve('http://mirror/file'),
      );
      const parsed: string[] = [];
      const refused = admit(vaultOf(root, [mirror]), [input], (each) => {
        parsed.push(each.name);
        return Promise.resolve();
      });
      await expect(refused, name).rejects.toMatchObject({
        code: 'wrong-content',
        message: expect.stringContaining(`p 1: p`) as string,
      });
      expect(parsed, name).toEqual([]);
      expect(inventory(root), name).toEqual(before);
    }
  });
});

test('those were 200 forms and more', () => {
  expect(tried).toBeGreaterThanOrEqual(200);
});

const FILE: Member = { name: 'pkg/a', content: 'a' };
const BOMB: Member = { name: 'pkg/zeros', content: Buffer.alloc(48 << 20) };
const TARS: readonly Kind[] = ['deb', 'tar.gz', 'conda', 'tar.bz2'];
const ZIPS: readonly Kind[] = ['jar', 'whl'];
const LOOSE: readonly Kind[] = ['tar.gz', 'conda', 'tar.bz2'];

/** What a file with the right hash may hold all the same: the lock can be wrong, too. */
const HOSTILE: readonly (readonly [string, readonly Kind[], readonly Member[], RegExp])[] = [
  ['a path that climbs out', [...TARS, ...ZIPS], [FILE, { name: '../../etc/passwd' }], /etc\/passwd/],
  [
    'a path that climbs out in its middle',
    [...TARS, ...ZIPS],
    [{ name: 'pkg/../../x' }],
    /pkg\/\.\.\/\.\.\/x/,
  ],
  ['an absolute path', [...TARS, ...ZIPS], [{ name: '/etc/passwd' }], /\/etc\/passwd/],
  ['a path of another system', ZIPS, [{ name: 'C:\\x' }], /C:\\x/],
  ['the same file twice', [...TARS, ...ZIPS], [FILE, FILE], /pkg\/a: is in the archive twice/],
  ['an absolute link', LOOSE, [{ name: 'l', type: 'symlink', link: '/etc' }], /l: links to \/etc/],
  ['a link that climbs out', LOOSE, [{ name: 'd/l', type: 'symlink', link: '../../x' }], /d\/l: links to/],
  ['a link in a zip', ZIPS, [{ name: 'l', type: 'symlink', link: 'a' }], /l: is a link/],
  [
    'a file that is written through a link',
    TARS,
    [
      { name: 'l', type: 'symlink', link: 'pkg' },
      { name: 'l/x', content: 'x' },
    ],
    /l\/x: lies below a symlink/,
  ],
  ['a file below a file', ZIPS, [FILE, { name: 'pkg/a/b' }], /pkg\/a\/b: lies below a file/],
  ['a hard link to elsewhere', TARS, [{ name: 'h', type: 'link', link: '/etc/shadow' }], /h: is a hard link/],
  ['a character device', TARS, [{ name: 'null', type: 'character-device' }], /null: is neither/],
  ['a block device', TARS, [{ name: 'sda', type: 'block-device' }], /sda: is neither/],
  ['a bomb', [...TARS, ...ZIPS], [FILE, BOMB], /pkg\/zeros: unpacks to more than/],
];

describe.each(HOSTILE)('%s', (_, kinds, members, cause) => {
  it.each(kinds)('in a %s of the right hash is refused, by name, and leaves nothing', async (kind) => {
    const content = await make(kind, members);
    const file = join(folder, 'hostile', `p.${kind}`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    const before = inventory(folder);
    const error: unknown = await inspect(lockedAs(kind, content), file).catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(KilnError);
    expect(error).toMatchObject({ code: 'unsafe-archive', exitCode: 3 });
    const { message } = error as KilnError;
    expect(message).toMatch(cause);
    expect(message).toContain('p 1: p');
    expect(inventory(folder)).toEqual(before);
  });
});

describe('cut at a member, and the lock made from what was left', () => {
  it('a tar is refused for lack of its end', async () => {
    for (const content of await cutTars('tar.gz')) {
      const file = join(folder, 'cut.tar.gz');
      writeFileSync(file, content);
      await expect(inspect(lockedAs('tar.gz', content), file)).rejects.toMatchObject({
        code: 'unsafe-archive',
      });
    }
  });

  it.each(['deb', 'jar', 'whl', 'conda'] as const)('a %s is refused', async (kind) => {
    for (const at of boundaries(kind, realOf(kind))) {
      const content = realOf(kind).subarray(0, at);
      const file = join(folder, `cut.${kind}`);
      writeFileSync(file, content);
      await expect(inspect(lockedAs(kind, content), file), `at ${at}`).rejects.toMatchObject({
        code: 'unsafe-archive',
      });
    }
  });
});
