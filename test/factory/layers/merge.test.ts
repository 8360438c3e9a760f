import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { extract } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archive } from '../../../factory/layers/archive';
import { type FileContent, type Merged, mergeLayers, type MergeLayer } from '../../../factory/layers/merge';
import { hostExec } from '../../../factory/ports/machine/exec-host';
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

async function merge(layers: readonly MergeLayer[]): Promise<{ bytes: Buffer; merged: Merged }> {
  const names = join(folder, 'names.tar');
  rmSync(names, { force: true });
  const merged = await mergeLayers({
    layers,
    added: () => [{ path: 'usr/lib/kiln/image.json', content: '{}\n' }],
    leftOut: ['boot'],
    epoch: EPOCH,
    names,
  });
  return { bytes: readFileSync(names), merged };
}

async function listing(bytes: Buffer): Promise<string[]> {
  const reader = extract();
  const found: string[] = [];
  reader.end(bytes);
  for await (const entry of reader) {
    expect(entry.header.size).toBe(0);
    found.push(entry.header.name.replace(/^\.\//, ''));
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

describe('the merged layers', () => {
  it("have every layer's files once, the added file, and not the boot files, which go elsewhere", async () => {
    const long = `opt/spark/${'n'.repeat(120)}/${'ü'.repeat(40)}.jar`;
    const layers = [
      await layer('os', os),
      await layer('spark', { [long]: 'jar', 'usr/bin/spark': '-> ../../opt/x', 'opt/empty': '' }),
    ];
    const { bytes, merged } = await merge(layers);
    const names = await listing(bytes);
    expect(names).toContain(long);
    expect(names).toContain('usr/lib/kiln/image.json');
    expect(names.filter((name) => name.startsWith('boot/'))).toEqual(['boot/']);
    expect(new Set(names).size).toBe(names.length);
    expect(merged.entries).toBe(names.length);
    const text = (content: FileContent | undefined): string | undefined =>
      content &&
      readFileSync(layers[content.layer]?.tar ?? '').toString('utf8', content.at, content.at + content.size);
    expect([...merged.leftOut].map(([path, content]) => [path, text(content)]).sort()).toEqual([
      ['boot/initrd', 'initrd'],
      ['boot/vmlinuz', 'kernel'],
    ]);
    expect([...merged.contents.keys()].sort()).toEqual(
      [long, 'usr/bin/sh', 'usr/lib/kiln/image.json'].sort(),
    );
    expect(text(merged.contents.get(long))).toBe('jar');
    expect(merged.contents.get('usr/lib/kiln/image.json')).toEqual({ layer: 2, at: 0, size: 3 });
    expect([long, 'usr/bin/sh', 'opt/none'].map((path) => merged.ownerOf(path))).toEqual([
      'spark',
      'os',
      undefined,
    ]);
  });

  it('have one content for all names of a file', async () => {
    const first = await layer('os', os);
    linkSync(join(folder, 'os/usr/bin/sh'), join(folder, 'os/usr/bin/zsh'));
    await archive(hostExec, { tree: join(folder, 'os'), tar: first.tar, epoch: EPOCH, keepOwners: false });
    const { contents } = (await merge([first])).merged;
    expect(contents.get('usr/bin/zsh')).toBe(contents.get('usr/bin/sh'));
  });

  it('are the same names for trees that were filled in another order', async () => {
    const files = { 'opt/a': '1', 'opt/b': '2', 'opt/c/d': '3' };
    const one = await merge([await layer('os', os), await layer('spark', files)]);
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    const reversed = Object.fromEntries(Object.entries(files).reverse());
    const two = await merge([await layer('os', os), await layer('spark', reversed)]);
    expect(sha256(two.bytes)).toBe(sha256(one.bytes));
    expect(two.merged.frames).toEqual(one.merged.frames);
  });

  it('name every clash of two layers at once', async () => {
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
});
