import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { linkSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LayerName } from '../../../factory/contracts/layers';
import { BOOT, copyBoot } from '../../../factory/disk/boot';
import { copyLayers } from '../../../factory/disk/copy-layers';
import { BLOCK } from '../../../factory/disk/erofs';
import { planRoot, type PlannedRoot } from '../../../factory/disk/root';
import { doTask } from '../../../factory/disk/tasks';
import type { DiskTools } from '../../../factory/disk/tools-tree';
import { archive } from '../../../factory/layers/archive';
import { type AddedFile, mergeLayers, type MergeLayer } from '../../../factory/layers/merge';
import { hostExec } from '../../../factory/ports/machine/exec-host';

/** By mkfs.erofs 1.8.6, of the names below and nothing in them. */
const NAMES = `
H4sIAAAAAAACA+1UXUvCYBR+/e7DPr0pujUKy2UggZCEiQQGYWQlJOFsy4YfG5sFdlV/pAj6YdV9F1101YUd8d08w0197bId0T2+45znOec5Gy
FOOOHEf42P9++34+enHw/gIAmTkH7j60TUoasv6wE+3VtVqdaIqrLcHJPfB9/PFCEV+r8NYeJDOvwW+WF6zRO3gU8BRyg+Bxyl+IIESIziSziP
U8wDTlAsAOY4rgwd1aSyrDRvNfWOV4fqX0H63Tb63Rb5us4lpH+5q8Go334hoLxX32NT32VRH+RvQSND9UdQfa9NfY9Ffszwoad/FXCS4rVuL7
yiDObPIn6fDb/XIl/3cBfxJwGnKd6DqWQo3odznSdDfZYqMB3thlfF0efjZ5hPwmY+BfN8bC3S+TnEH2DYryTijyH+lMHv6vDXeanBKa3+/M5O
vT6azyYY9s8qf5IhX+//EPU/xTD/DNqPONqPI7QfOYrT6PygOxee02RBFJV7uA70ZxPpm2bwJ4v8iSN/zsz+iHWl2SIjzjfIwK/rX0f6Zxjyc0
h/BunPm/XbvoCs9M/+cb/mxtivDdT/PMN+FVD/CdR/0fx8C0q1MnB/MP8CA38R8RcQf8nMLzWuB+/vNuJfZPC/hPiLiF8w+w/vt6sd+NWaI/gX
YvDPCSecGD9+Abymr4EAEAAA`;
const METADATA = gunzipSync(Buffer.from(NAMES, 'base64'));
const FILES = [
  'opt/app/main.py',
  'usr/big',
  'usr/lib/a.so',
  'usr/lib/deep/b',
  'var/lib/dpkg/info/libc6.list',
];
const IMAGE = 'usr/share/empty';
const USR = FILES.map((path) => [path, Buffer.from(path)] as const);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-root-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A fake of the one program that is asked for: it has the metadata ready. */
const tools: DiskTools = {
  run: (program, args) => {
    expect(program).toBe('mkfs.erofs');
    writeFileSync(args.at(-2) ?? '', METADATA);
    return Promise.resolve({ code: 0, stdout: '', stderr: '' });
  },
  path: (relative) => relative,
};

async function layer(
  name: LayerName,
  files: ReadonlyMap<string, Buffer>,
): Promise<MergeLayer & { size: number }> {
  const tree = join(folder, name);
  rmSync(tree, { recursive: true, force: true });
  for (const [path, content] of files) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), content);
  }
  if (name === 'os') {
    symlinkSync('usr/lib', join(tree, 'lib'));
    linkSync(join(tree, 'usr/lib/a.so'), join(tree, 'usr/lib/z.so'));
    mkdirSync(join(tree, 'usr/share'));
  }
  const tar = join(folder, `${name}.tar`);
  await archive(hostExec, { tree, tar, epoch: 1_700_000_000, keepOwners: false });
  const digest = `sha256:${createHash('sha256').update(readFileSync(tar)).digest('hex')}`;
  return { name, tar, digest, size: statSync(tar).size };
}

/** Path -> content, of an EROFS whose inodes are extended: read from its bytes, with nothing of kiln's. */
function filesOf(image: Buffer): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  const visit = (nid: number, path: string): void => {
    const inode = nid * 32;
    const size = Number(image.readBigUInt64LE(inode + 8));
    const start = image.readUInt32LE(inode + 16) * 4096;
    const kind = image.readUInt16LE(inode + 4) & 0o170000;
    if (kind === 0o100000) found.set(path, image.subarray(start, start + size));
    if (kind !== 0o040000) return;
    expect(size).toBeLessThan(4096);
    const names = image.subarray(inode + 64, inode + 64 + size);
    const count = names.readUInt16LE(8) / 12;
    for (let entry = 0; entry < count; entry += 1) {
      const from = names.readUInt16LE(entry * 12 + 8);
      const to = entry + 1 < count ? names.readUInt16LE(entry * 12 + 20) : size;
      const name = names.toString('utf8', from, to).replace(/\0.*$/, '');
      if (!name.startsWith('.'))
        visit(Number(names.readBigUInt64LE(entry * 12)), path === '' ? name : `${path}/${name}`);
    }
  };
  visit(image.readUInt16LE(1024 + 14), '');
  return found;
}

/** The plan of those layers' root file system; what is of the code layer changes with every bake. */
async function planned(
  layers: readonly MergeLayer[],
  added: readonly AddedFile[] = [],
  by: DiskTools = tools,
): Promise<PlannedRoot> {
  const names = join(folder, 'names.tar');
  rmSync(names, { force: true });
  const epoch = 1_700_000_000;
  const merged = await mergeLayers({ layers, added: () => added, leftOut: [BOOT], epoch, names });
  const isVolatile = (path: string): boolean => merged.ownerOf(path) === 'code';
  return await planRoot(by, { layers, merged, names, isVolatile, uuid: 'u', epoch, work: folder });
}

interface Made {
  readonly root: PlannedRoot;
  readonly image: Buffer;
}

/** The root file system of those contents, at that byte of a disk. */
async function made(
  contents: readonly Buffer[],
  damage?: (layers: readonly MergeLayer[]) => void,
): Promise<Made> {
  const content = (index: number): Buffer => contents[index] ?? Buffer.alloc(0);
  const code = new Map([['opt/app/main.py', content(0)]]);
  const os = new Map([
    ['boot/vmlinuz', Buffer.from('kernel')],
    ...FILES.slice(1).map((path, index) => [path, content(index + 1)] as const),
  ]);
  const layers = [await layer('os', os), await layer('code', code)];
  const added = [{ path: IMAGE, content: 'made at assembly' }];
  const root = await planned(layers, added);
  const [disk, start] = [join(folder, 'disk'), 3 * BLOCK];
  writeFileSync(disk, '');
  truncateSync(disk, start + root.size);
  damage?.(layers);
  await copyLayers(doTask, { layers, root, disk, start });
  return { root, image: readFileSync(disk).subarray(start) };
}

describe('a root file system', () => {
  const sizes = fc.oneof(fc.nat(3 * BLOCK), fc.constantFrom(0, 1, BLOCK, 2 ** 20, 5 * 2 ** 20 + 1));

  it("has each file's content at the offset that its inode names, whatever the sizes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(sizes, { minLength: FILES.length, maxLength: FILES.length }),
        async (given) => {
          const contents = given.map((size, index) => Buffer.alloc(size, `content ${String(index)} `));
          const { root, image } = await made(contents);
          const expected = new Map([
            ...FILES.map((path, index) => [path, contents[index]] as const),
            ['usr/lib/z.so', contents[FILES.indexOf('usr/lib/a.so')]] as const,
            [IMAGE, Buffer.from('made at assembly')] as const,
          ]);
          const found = filesOf(image);
          expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
          for (const [path, content] of expected)
            expect(found.get(path)?.equals(content ?? Buffer.alloc(1)), path).toBe(true);
          expect(image.readUInt32LE(1024 + 36) * BLOCK).toBe(root.size);
          expect(root.names).toBe(root.merged.entries);
          expect([...root.merged.leftOut.keys()]).toEqual(['boot/vmlinuz']);
          // Nothing but metadata, contents and zeros.
          let used = METADATA.length / BLOCK;
          for (const { size } of new Set(root.merged.contents.values())) used += Math.ceil(size / BLOCK);
          const zero = Buffer.alloc(BLOCK);
          for (let at = 0; at < image.length; at += BLOCK)
            if (!image.subarray(at, at + BLOCK).equals(zero)) used -= 1;
          expect(used).toBe(0);
        },
      ),
      { numRuns: 6 },
    );
  });

  it.each<[string, (tar: Buffer) => void]>([
    ['content', (tar) => void tar.write('X', tar.indexOf('content'))],
    ['a date', (tar) => void tar.write('1', 140)],
    ['what stands behind the last member', (tar) => void tar.write('X', tar.length - 1)],
  ])('is refused when another byte of a tar came than was built: %s', async (_, change) => {
    const contents = FILES.map(() => Buffer.from('content'));
    const damage = ([os]: readonly MergeLayer[]): void => {
      const tar = os?.tar ?? '';
      const bytes = readFileSync(tar);
      change(bytes);
      writeFileSync(tar, bytes);
    };
    await expect(made(contents, damage)).rejects.toMatchObject({ code: 'layer-damaged' });
  });

  it('is refused when its layers were not those that it was planned with', async () => {
    const damage = (layers: readonly MergeLayer[]): void => {
      // The name of a file and the digest of the tar change together: the tar is sound, the plan is not its.
      const os = layers[0] as { tar: string; digest: string };
      const bytes = readFileSync(os.tar);
      const at = bytes.indexOf('./usr/big');
      bytes.write('./usr/bad', at);
      writeFileSync(os.tar, bytes);
      os.digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    };
    await expect(
      made(
        FILES.map(() => Buffer.from('content')),
        damage,
      ),
    ).rejects.toMatchObject({
      code: 'layer-damaged',
    });
  });

  describe('of a layer whose contents come from elsewhere', () => {
    async function copied(frame?: string): Promise<Made> {
      const layers = [await layer('os', new Map([['boot/vmlinuz', Buffer.from('kernel')], ...USR]))];
      const root = await planned(layers);
      const disk = join(folder, 'disk');
      writeFileSync(disk, '');
      truncateSync(disk, root.size);
      const reused = new Map([[0, `sha256:${frame ?? root.merged.frames[0] ?? ''}`]]);
      await copyLayers(doTask, { layers, root, disk, start: 0, reused });
      return { root, image: readFileSync(disk) };
    }

    it('has its metadata and nothing else', async () => {
      const { root, image } = await copied();
      expect(image.subarray(0, root.metadata.length).equals(root.metadata)).toBe(true);
      expect(image.subarray(root.metadata.length).every((byte) => byte === 0)).toBe(true);
    });

    it('is refused when its headers are not those that were built', async () => {
      await expect(copied('0'.repeat(64))).rejects.toMatchObject({ code: 'layer-damaged' });
    });
  });

  it('is refused when the builder made another file system than placement knows', async () => {
    const wrong = {
      ...tools,
      run: (_: string, args: readonly string[]) => {
        const metadata = Buffer.from(METADATA);
        metadata.writeUInt32LE(4, 1024 + 80);
        writeFileSync(args.at(-2) ?? '', metadata);
        return Promise.resolve({ code: 0, stdout: '', stderr: '' });
      },
    };
    const layers = [
      await layer(
        'os',
        new Map([
          ['usr/lib/a.so', Buffer.from('x')],
          ['usr/big', Buffer.from('x')],
        ]),
      ),
    ];
    await expect(planned(layers, [], wrong)).rejects.toMatchObject({
      code: 'root-failed',
      message: expect.stringContaining('features') as string,
    });
  });
});

describe('the boot files', () => {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  async function copied(listed: string): Promise<string> {
    const os = await layer('os', new Map([['boot/vmlinuz', Buffer.from('kernel')], ...USR]));
    const { merged } = await planned([os]);
    const list = new Map([['boot/vmlinuz', { sha256: listed, size: 6 }]]);
    copyBoot({ layer: os, files: merged.leftOut, listed: list }, folder);
    return readFileSync(join(folder, 'boot/vmlinuz'), 'utf8');
  }

  it('are those of the base layer', async () => {
    expect(await copied(sha256('kernel'))).toBe('kernel');
  });

  it('are refused when they are not what its manifest lists', async () => {
    await expect(copied(sha256('another'))).rejects.toMatchObject({ code: 'layer-damaged' });
  });
});
