import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeObjectStore } from '../../../factory/ports/objects/object-store-fake';
import { download, upload } from '../../../factory/store/transfer';

describe('moving files to and from a bucket', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kiln-transfer-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it.each([
    ['raw/flights.csv', 'raw/flights.csv'],
    ['raw/', 'raw/one'],
    ['', 'one'],
  ])('puts a file at the address %j as %s', async (key, expected) => {
    const store = new FakeObjectStore();
    await writeFile(join(folder, 'one'), 'content');
    expect(await upload(store, join(folder, 'one'), key)).toMatchObject([{ key: expected, size: 7 }]);
    expect(String(await buffer(await store.get(expected)))).toBe('content');
  });

  it('brings a folder there and back whole', async () => {
    const store = new FakeObjectStore();
    const source = join(folder, 'source');
    await mkdir(join(source, 'a', 'b'), { recursive: true });
    for (const [path, content] of [
      ['x', ''],
      ['a/y', 'why'],
      ['a/b/z', 'zed'],
    ] as const) {
      await writeFile(join(source, path), content);
    }
    await store.put('dest/', Buffer.alloc(0));
    await store.put('destiny', Buffer.from('not below dest'));
    await upload(store, source, 'dest');
    const done = await download(store, 'dest', join(folder, 'back'));
    expect(done.map((t) => t.key).sort()).toEqual(['dest/a/b/z', 'dest/a/y', 'dest/x']);
    expect(await readFile(join(folder, 'back', 'a', 'b', 'z'), 'utf8')).toBe('zed');
    expect(await readFile(join(folder, 'back', 'x'), 'utf8')).toBe('');
  });

  it('keeps nothing of an object that came short, and leaves the old file', async () => {
    const store = new FakeObjectStore();
    await store.put('k', Buffer.from('whole'));
    store.get = async () => Promise.resolve(Readable.from([Buffer.from('who')]));
    await writeFile(join(folder, 'k'), 'old');
    await expect(download(store, 'k', folder)).rejects.toMatchObject({ code: 'object-cut' });
    expect(await readdir(folder)).toEqual(['k']);
    expect(await readFile(join(folder, 'k'), 'utf8')).toBe('old');
  });

  it('says that there is nothing, and what wrong use is', async () => {
    await expect(download(new FakeObjectStore(), 'k', folder)).rejects.toMatchObject({
      code: 'object-missing',
      exitCode: 1,
    });
    await expect(upload(new FakeObjectStore(), join(folder, 'none'), 'k')).rejects.toMatchObject({
      code: 'no-file',
      exitCode: 2,
    });
  });
});
