import {
  createReadStream,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { extract, type Header, pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archive } from '../../../factory/layers/archive';
import { tarMembers, type TarMember } from '../../../factory/layers/tar';
import { hostExec } from '../../../factory/ports/machine/exec-host';

let folder: string;
let tar: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-tar-'));
  tar = join(folder, 'x.tar');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

interface Read {
  readonly members: TarMember[];
  readonly between: Buffer;
}
function members(file: string, kind?: 'headers alone'): Read {
  const between: Buffer[] = [];
  const read = [...tarMembers(file, (bytes) => between.push(Buffer.from(bytes)), kind)];
  return { members: read, between: Buffer.concat(between) };
}

/** The same by tar-stream, which reads every byte. */
async function streamed(file: string): Promise<object[]> {
  const reader = createReadStream(file).pipe(extract());
  const found: object[] = [];
  for await (const entry of reader) {
    const { name, type, mode, uid, gid, size, linkname, byteOffset } = entry.header as typeof entry.header & {
      byteOffset: number;
    };
    found.push({
      name,
      type,
      mode,
      uid,
      gid,
      size,
      linkname: (linkname as string | null) ?? '',
      at: byteOffset,
    });
    entry.resume();
  }
  return found;
}

const shown = ({ name, type, mode, uid, gid, size, linkname, at }: TarMember): object => ({
  ...{ name, type, mode, uid, gid, size, linkname, at },
});

/** Members by tar-stream's writer. */
async function written(
  headers: readonly (Partial<Header> & { name: string; content?: Buffer })[],
): Promise<void> {
  const out = pack();
  for (const { content, ...header } of headers) out.entry(header, content ?? Buffer.alloc(0));
  out.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of out) chunks.push(chunk as Buffer);
  writeFileSync(tar, Buffer.concat(chunks));
}

describe("a layer's tar", () => {
  it('is read as tar-stream reads it: long names, other scripts, links of both kinds, empty and large files', async () => {
    const tree = join(folder, 'tree');
    const files: Record<string, Buffer> = {
      [`opt/${'long/'.repeat(40)}name`]: Buffer.from('deep'),
      [`opt/${'ü'.repeat(80)}/${'n'.repeat(200)}`]: Buffer.from('wide'),
      'usr/empty': Buffer.alloc(0),
      'usr/whole': Buffer.alloc(512, 'w'),
      'usr/large': Buffer.alloc(3_000_001, 'l'),
      'usr/small': Buffer.from('s'),
    };
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), content);
    }
    symlinkSync('t'.repeat(150), join(tree, 'usr/sym'));
    linkSync(join(tree, 'usr/small'), join(tree, 'usr/smaller'));
    await archive(hostExec, { tree, tar, epoch: 1_700_000_000, keepOwners: false });
    const read = members(tar);
    expect(read.members.map(shown)).toEqual(await streamed(tar));
    const whole = readFileSync(tar);
    for (const { name, at, size } of read.members) {
      const content = files[name.replace(/^\.\//, '')];
      if (content !== undefined) expect(whole.subarray(at, at + size).equals(content), name).toBe(true);
    }
  });

  it('falls into contents and what is between them, of any sizes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(40_000), { maxLength: 20 }), async (sizes) => {
        await written(
          sizes.map((size, index) => ({ name: `f${String(index)}`, content: Buffer.alloc(size, index + 1) })),
        );
        const read = members(tar);
        const bytes = readFileSync(tar);
        let at = 0;
        const rest: Buffer[] = [];
        for (const member of read.members) {
          rest.push(bytes.subarray(at, member.at));
          at = member.at + member.size;
        }
        rest.push(bytes.subarray(at));
        expect(read.members.map(({ size }) => size)).toEqual(sizes);
        expect(read.between.equals(Buffer.concat(rest))).toBe(true);
        // From these alone it is read the same.
        const headers = join(folder, 'headers');
        writeFileSync(headers, read.between);
        expect(members(headers, 'headers alone')).toEqual(read);
        if (sizes.length === 0) return;
        truncateSync(headers, 300);
        expect(() => members(headers, 'headers alone')).toThrow('ends too early');
      }),
      { numRuns: 30 },
    );
  });

  it('gives headers that say the same but for the size, which is 0', async () => {
    await written([
      { name: 'a'.repeat(200), content: Buffer.from('x'), mode: 0o755, uid: 3, mtime: new Date(5000) },
      { name: 'b', content: Buffer.from('content'), pax: { size: '7' } },
    ]);
    const headers = join(folder, 'headers.tar');
    const { members: before } = members(tar);
    writeFileSync(headers, Buffer.concat([...before.map((member) => member.headers), Buffer.alloc(1024)]));
    const same = before.map((member) => ({ ...shown(member), size: 0, at: 0 }));
    expect((await streamed(headers)).map((member) => ({ ...member, at: 0 }))).toEqual(same);
  });

  it('that ends too early, at any byte but the end of a member, is refused', async () => {
    await written([
      { name: 'a', content: Buffer.alloc(700, 'a') },
      { name: 'd'.repeat(150), content: Buffer.from('b') },
    ]);
    const { members: whole } = members(tar);
    const last = whole.at(-1);
    for (const length of [100, 511, 513, 1024, 1537, (last?.at ?? 0) - 600, (last?.at ?? 0) - 1]) {
      truncateSync(tar, length);
      expect(() => members(tar), String(length)).toThrow('ends too early');
      await written([
        { name: 'a', content: Buffer.alloc(700, 'a') },
        { name: 'd'.repeat(150), content: Buffer.from('b') },
      ]);
    }
  });

  it.each<[string, () => Promise<void> | void, string]>([
    [
      'text',
      () => {
        writeFileSync(tar, 'x'.repeat(600));
      },
      'no tar header at byte 0',
    ],
    [
      'a header with another byte',
      async () => {
        await written([{ name: 'a' }]);
        const bytes = readFileSync(tar);
        bytes[3] = 1;
        writeFileSync(tar, bytes);
      },
      'no tar header at byte 0',
    ],
    [
      'an extended header that nobody knows',
      () => written([{ name: 'a', pax: { mtime: '1.5' } }]),
      'an extended header mtime',
    ],
    [
      'a directory with content',
      () => written([{ name: 'a', type: 'directory', pax: { size: '3' } }]),
      'is no file and has content',
    ],
  ])('is refused: %s', async (_, make, what) => {
    await make();
    expect(() => members(tar)).toThrow(what);
  });

  it('tells extended attributes and what is no file', async () => {
    await written([
      { name: 'a', pax: { 'SCHILY.xattr.security.capability': 'x' } },
      { name: 'b', type: 'character-device', devmajor: 1, devminor: 3 },
    ]);
    expect(members(tar).members).toMatchObject([
      { attributes: ['SCHILY.xattr.security.capability'] },
      { type: 'character-device' },
    ]);
  });
});
