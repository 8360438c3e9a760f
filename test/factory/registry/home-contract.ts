import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHUNK } from '../../../factory/registry/chunks';
import type { Kept, RegistryHome } from '../../../factory/registry/home';
import { chunkOf } from '../../../factory/registry/layout';
import { materialise } from '../../../factory/registry/materialise';
import { appendMove } from '../../../factory/registry/move';
import { createPublication, listPublications, readPublication } from '../../../factory/registry/publications';
import { resolveFrom } from '../../../factory/registry/resolve';
import { WHO, digestOf, noise, recordOf, store } from './support';

async function all(found: AsyncIterable<Kept>): Promise<Kept[]> {
  const list: Kept[] = [];
  for await (const each of found) list.push(each);
  return list.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** What every home of a registry does: a directory, the bucket in memory, moto, a real radosgw. */
export function homeContract(name: string, open: () => RegistryHome): void {
  describe(`a registry in ${name}`, () => {
    let root: string;
    beforeAll(() => {
      root = mkdtempSync(join(tmpdir(), 'kiln-home-'));
    });
    afterAll(() => {
      rmSync(root, { recursive: true, force: true });
    });

    it('is made once and holds only its mark', async () => {
      const home = open();
      expect(await home.exists()).toBe(false);
      expect(await home.init()).toBe(true);
      expect(await home.init()).toBe(false);
      expect(await home.exists()).toBe(true);
      expect((await all(home.walk('probe'))).map(({ key }) => key)).toEqual([]);
    });

    it('creates a document once, and of 8 at a time exactly one', async () => {
      const home = open();
      expect(await home.create('docs/one.json', 'first')).toBe(true);
      expect(await home.create('docs/one.json', 'second')).toBe(false);
      expect(await home.read('docs/one.json')).toBe('first');
      for (let round = 0; round < 5; round += 1) {
        const key = `docs/race-${round}.json`;
        const won = await Promise.all(Array.from({ length: 8 }, (_, i) => home.create(key, `writer ${i}`)));
        expect(won.filter(Boolean)).toHaveLength(1);
        expect(await home.read(key)).toBe(`writer ${won.indexOf(true)}`);
      }
    });

    it('lists names, walks keys, and says when each was written', async () => {
      const home = open();
      await home.put('tree/b/2', Buffer.from('22'));
      await home.put('tree/b/1', Buffer.from('1'));
      await home.put('tree/a', Buffer.from(''));
      await home.put('treetop', Buffer.from('x'));
      expect(await home.list('tree')).toEqual(['a', 'b']);
      expect(await home.list('tree/b')).toEqual(['1', '2']);
      expect(await home.list('no-tree')).toEqual([]);
      const found = await all(home.walk('tree'));
      expect(found.map(({ key, size }) => [key, size])).toEqual([
        ['tree/a', 0],
        ['tree/b/1', 1],
        ['tree/b/2', 2],
      ]);
      for (const { modified } of found) expect(Math.abs(modified - Date.now())).toBeLessThan(60_000);
      expect(await all(home.walk('no-tree'))).toEqual([]);
    });

    it('replaces and removes, twice without complaint; an empty folder is none', async () => {
      const home = open();
      await home.put('gone/deep/x', Buffer.from('1'));
      await home.put('gone/deep/x', Buffer.from('two'));
      expect((await home.load('gone/deep/x', 3))?.toString()).toBe('two');
      await home.remove('gone/deep/x');
      await home.remove('gone/deep/x');
      expect(await home.read('gone/deep/x')).toBeUndefined();
      expect(await home.list('gone/deep')).toEqual([]);
    });

    it.each([
      ['larger than it may be', Buffer.alloc(2000), /is larger than/],
      ['no text', Buffer.from([0xff, 0xfe, 0x41]), /is no UTF-8 text/],
    ])('refuses a document that is %s, naming it', async (_, content, cause) => {
      const home = open();
      await home.put('docs/odd.json', content);
      await expect(home.read('docs/odd.json', 1000)).rejects.toMatchObject({
        code: 'registry-damaged',
        faults: [{ where: 'docs/odd.json', what: expect.stringMatching(cause) as string }],
      });
    });

    it('gives back the disk that was stored, sparse, and keeps what two images share once', async () => {
      const home = open();
      const one = Buffer.concat([noise(3 * CHUNK, 1), Buffer.alloc(5 * CHUNK), noise(17 * CHUNK + 1000, 2)]);
      const two = Buffer.from(one);
      two.write('changed', 9 * CHUNK);
      for (const disk of [one, two]) {
        const record = { ...recordOf('x'), digest: digestOf(disk), size: disk.length };
        const digest = await store({ root, home }, disk, record);
        expect((await resolveFrom(home, 'spark-node', { digest })).record).toEqual(record);
        const folder = await materialise(home, record, { cache: join(root, 'cache') });
        const file = join(folder, 'image.raw');
        expect(readFileSync(file).equals(disk)).toBe(true);
        expect(statSync(file).blocks * 512).toBeLessThan(disk.length - 4 * CHUNK);
        expect(statSync(file).mode & 0o222).toBe(0);
      }
      const chunks = (await all(home.walk('chunks'))).filter(({ key }) => chunkOf(key) !== undefined);
      expect(chunks).toHaveLength(21 + 1);
    });

    it('has one winner for each entry of a channel, and tells every loser who that was', async () => {
      const home = open();
      const digest = await store({ root, home }, 'raced');
      for (let seen = 0; seen < 5; seen += 1) {
        const said = await Promise.all(
          Array.from({ length: 8 }, async (_, index) => {
            const move = {
              image: 'spark-node',
              channel: 'candidate',
              action: 'promote',
              digest,
              ...WHO,
            } as const;
            try {
              return (await appendMove(home, { ...move, by: `racer-${index}` }, seen)).by;
            } catch (error) {
              expect(error).toMatchObject({ code: 'channel-moved' });
              return /: (racer-\d+) put it on/.exec((error as Error).message)?.[1];
            }
          }),
        );
        expect(new Set(said).size).toBe(1);
      }
      expect(await home.list('channels/spark-node/candidate')).toHaveLength(5);
      expect((await resolveFrom(home, 'spark-node', { channel: 'candidate' })).digest).toBe(digest);
    });

    it('keeps publications of an image, each written once', async () => {
      const home = open();
      const digest = digestOf('raced');
      expect(await listPublications(home, digest)).toEqual([]);
      expect(await createPublication(home, digest, 'aws-eu-central-1', { ami: 'ami-1' })).toBe(true);
      expect(await createPublication(home, digest, 'aws-eu-central-1', { ami: 'ami-2' })).toBe(false);
      expect(await listPublications(home, digest)).toEqual(['aws-eu-central-1']);
      expect(await readPublication(home, digest, 'aws-eu-central-1')).toEqual({ ami: 'ami-1' });
      expect(await readPublication(home, digest, 'maas')).toBeUndefined();
      for (const bad of ['../record', 'a/b', '', '.hidden', 'A'.repeat(200)])
        await expect(createPublication(home, digest, bad, {})).rejects.toThrow(/must be/);
    });
  });
}
