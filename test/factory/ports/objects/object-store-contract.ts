import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { below, type ObjectInfo, type ObjectStore } from '../../../../factory/ports/objects/object-store';

async function all(infos: AsyncIterable<ObjectInfo>): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  for await (const info of infos) found.push(info);
  return found;
}

/** What every ObjectStore does; run against the fake in memory and against a real radosgw. */
export function objectStoreContract(name: string, open: () => ObjectStore): void {
  describe(`an object store: ${name}`, () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'kiln-object-store-'));
    });
    afterEach(async () => {
      await rm(folder, { recursive: true });
    });

    it.each([
      ['a plain key', 'contract/plain.txt', Buffer.from('some text')],
      ['an empty object', 'contract/empty', Buffer.alloc(0)],
      ['a folder marker', 'contract/folder/', Buffer.alloc(0)],
      ['a key with blanks and signs', 'contract/a b+c=d&é.txt', Buffer.from([0, 255, 10])],
    ])('gives back what was put: %s', async (_, key, content) => {
      const store = open();
      await store.put(key, content);
      expect(await buffer(await store.get(key))).toEqual(content);
      expect(await store.head(key)).toMatchObject({ key, size: content.length });
    });

    it('streams a file and replaces what was there', async () => {
      const store = open();
      const file = join(folder, 'large');
      const content = Buffer.alloc(9 * 1024 * 1024, 'kiln');
      await writeFile(file, content);
      await store.put('contract/large', Buffer.from('small'));
      await store.put('contract/large', { file });
      expect((await buffer(await store.get('contract/large'))).equals(content)).toBe(true);
    });

    it('lists by prefix in byte order, and nothing else', async () => {
      const store = open();
      for (const key of ['l/b', 'l/a/2', 'l/a/1', 'l/B', 'lx', 'l/a']) await store.put(key, Buffer.from(key));
      expect((await all(store.list('l/'))).map((i) => i.key)).toEqual([
        'l/B',
        'l/a',
        'l/a/1',
        'l/a/2',
        'l/b',
      ]);
      expect(await all(store.list('l/a/'))).toMatchObject([
        { key: 'l/a/1', size: 5 },
        { key: 'l/a/2', size: 5 },
      ]);
      expect(await all(store.list('nothing/'))).toEqual([]);
    });

    it('says when an object was written, by a clock near this one', async () => {
      const store = open();
      await store.put('contract/dated', Buffer.from('x'));
      const seen = await store.head('contract/dated');
      expect(Math.abs((seen?.modified ?? 0) - Date.now())).toBeLessThan(60_000);
      const [listed] = await all(store.list('contract/dated'));
      expect(Math.abs((listed?.modified ?? 0) - (seen?.modified ?? 0))).toBeLessThan(1000);
    });

    it('creates once: of 8 at the same time one wins, and it stays as it was', async () => {
      const store = open();
      for (let round = 0; round < 5; round += 1) {
        const key = `contract/once/${String(Date.now())}-${String(round)}`;
        const writers = Array.from({ length: 8 }, (_, index) => Buffer.from(`writer ${String(index)}`));
        const won = await Promise.all(
          writers.map((body) =>
            store.create(key, body).catch((error: unknown) => {
              expect(error).toMatchObject({ code: 'store-conflict' });
              return false;
            }),
          ),
        );
        expect(won.filter(Boolean)).toHaveLength(1);
        expect(await buffer(await store.get(key))).toEqual(writers[won.indexOf(true)]);
        expect(await store.create(key, Buffer.from('late'))).toBe(false);
      }
    });

    it('is a store of its own below a prefix', async () => {
      const store = open();
      const inner = below(store, 'contract/inner/');
      await inner.put('a', Buffer.from('1'));
      expect(await inner.create('a', Buffer.from('2'))).toBe(false);
      expect(await inner.create('b', Buffer.from('2'))).toBe(true);
      expect((await all(inner.list(''))).map(({ key }) => key)).toEqual(['a', 'b']);
      expect(await inner.head('b')).toMatchObject({ key: 'b', size: 1 });
      expect(await buffer(await store.get('contract/inner/b'))).toEqual(Buffer.from('2'));
      await inner.remove('b');
      expect(await inner.head('b')).toBeUndefined();
    });

    it('says that an object is missing, and removes twice without complaint', async () => {
      const store = open();
      await store.put('contract/gone', Buffer.from('x'));
      await store.remove('contract/gone');
      await store.remove('contract/gone');
      expect(await store.head('contract/gone')).toBeUndefined();
      await expect(store.get('contract/gone')).rejects.toMatchObject({ code: 'object-missing' });
    });
  });
}
