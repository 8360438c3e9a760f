import { createHash } from 'node:crypto';
import {
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
import { PassThrough } from 'node:stream';
import { extract } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archive } from '../../../factory/layers/archive';
import { mergeLayers, type MergeLayer } from '../../../factory/layers/merge';
import { hostExec } from '../../../factory/ports/exec-host';
import type { LayerName } from '../../../factory/contracts/layers';

const EPOCH = 1_700_000_000;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-merge-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Files as path -> content; a path that ends in / is a folder, content `-> x` a link. */
async function layer(name: LayerName, files: Record<string, string>): Promise<MergeLayer> {
  const tree = join(folder, name);
  mkdirSync(tree, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    const file = join(tree, path);
    mkdirSync(path.endsWith('/') ? file : dirname(file), { recursive: true });
    if (content.startsWith('-> ')) symlinkSync(content.slice(3), file);
    else if (!path.endsWith('/')) writeFileSync(file, content);
  }
  const tar = join(folder, `${name}.tar`);
  await archive(hostExec, { tree, tar, epoch: EPOCH, keepOwners: false });
  return { name, tar, digest: sha256(readFileSync(tar)) };
}

async function merge(
  layers: readonly MergeLayer[],
): Promise<{ bytes: Buffer; left: Record<string, string> }> {
  const out = new PassThrough();
  const chunks: Buffer[] = [];
  out.on('data', (chunk: Buffer) => chunks.push(chunk));
  const left: Record<string, string> = {};
  await mergeLayers({
    layers,
    added: [{ path: 'usr/lib/kiln/image.json', content: '{}\n' }],
    leftOut: ['boot'],
    onLeftOut: async (path, content) => {
      let text = '';
      for await (const chunk of content) text += Buffer.from(chunk).toString();
      left[path] = text;
    },
    epoch: EPOCH,
    out,
  });
  return { bytes: Buffer.concat(chunks), left };
}

async function listing(bytes: Buffer): Promise<string[]> {
  const reader = extract();
  const found: string[] = [];
  reader.end(bytes);
  for await (const entry of reader) {
    found.push(entry.header.name);
    entry.resume();
  }
  return found;
}

const os = {
  'usr/lib/kiln/': '',
  'usr/bin/sh': 'x',
  'boot/vmlinuz': 'kernel',
  'boot/initrd': 'initrd',
  lib: '-> usr/lib',
  'opt/': '',
};

describe('the merged tar', () => {
  it("has every layer's files once, the added file, and not the boot files, which go elsewhere", async () => {
    const long = `opt/spark/${'n'.repeat(120)}/${'ü'.repeat(40)}.jar`;
    const merged = await merge([
      await layer('os', os),
      await layer('spark', { [long]: 'jar', 'usr/bin/spark': '-> ../../opt/x' }),
    ]);
    const names = await listing(merged.bytes);
    expect(names).toContain(long);
    expect(names).toContain('usr/lib/kiln/image.json');
    expect(names.filter((name) => name.startsWith('boot/'))).toEqual(['boot/']);
    expect(new Set(names).size).toBe(names.length);
    expect(merged.left).toEqual({ 'boot/vmlinuz': 'kernel', 'boot/initrd': 'initrd' });
  });

  it('is the same bytes for trees that were filled in another order', async () => {
    const files = { 'opt/a': '1', 'opt/b': '2', 'opt/c/d': '3' };
    const one = await merge([await layer('os', os), await layer('spark', files)]);
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    const reversed = Object.fromEntries(Object.entries(files).reverse());
    const two = await merge([await layer('os', os), await layer('spark', reversed)]);
    expect(sha256(two.bytes)).toBe(sha256(one.bytes));
  });

  it('names every clash of two layers at once', async () => {
    const layers = [
      await layer('os', os),
      await layer('spark', { 'opt/a': '1', 'opt/b': '1' }),
      await layer('hadoop', { 'opt/a': '1', 'opt/b': '2' }),
    ];
    await expect(merge(layers)).rejects.toMatchObject({
      code: 'layers-clash',
      faults: [{ where: 'layer hadoop: ./opt/a' }, { where: 'layer hadoop: ./opt/b' }],
    });
  });

  it('is refused when a tar was cut at the boundary of a member', async () => {
    const spark = await layer('spark', { 'opt/a': '1', 'opt/b': '2' });
    // Members are header and one block; what is left parses well.
    truncateSync(spark.tar, 512 * 4);
    await expect(merge([await layer('os', os), spark])).rejects.toMatchObject({ code: 'layer-damaged' });
  });

  it('is refused when a byte of a tar differs', async () => {
    const spark = await layer('spark', { 'opt/a': 'content' });
    const bytes = readFileSync(spark.tar);
    bytes.write('CONTENT', bytes.indexOf('content'));
    writeFileSync(spark.tar, bytes);
    await expect(merge([await layer('os', os), spark])).rejects.toMatchObject({ code: 'layer-damaged' });
  });

  it('ends when its reader goes away without a word, as a program does that found no room', async () => {
    const big = await layer('os', { 'usr/big': 'x'.repeat(8_000_000) });
    const out = new PassThrough();
    out.once('data', () => {
      out.pause();
      setImmediate(() => out.destroy());
    });
    await expect(
      mergeLayers({
        layers: [big],
        added: [],
        leftOut: [],
        onLeftOut: () => Promise.resolve(),
        epoch: EPOCH,
        out,
      }),
    ).rejects.toThrow('ended before they did');
  });
});
