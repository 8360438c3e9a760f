import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectInfo, ObjectStore } from '../../../factory/ports/object-store';

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
      expect(await store.head(key)).toEqual({ key, size: content.length });
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
      expect(await all(store.list('l/a/'))).toEqual([
        { key: 'l/a/1', size: 5 },
        { key: 'l/a/2', size: 5 },
      ]);
      expect(await all(store.list('nothing/'))).toEqual([]);
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
