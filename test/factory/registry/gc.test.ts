import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChannelEntry } from '../../../factory/contracts/channel';
import { apply, planPromotion, planRollback } from '../../../factory/registry/channel';
import { readCatalogue } from '../../../factory/registry/catalogue';
import { CHUNK } from '../../../factory/registry/chunks';
import { collect, planCollect } from '../../../factory/registry/gc';
import { planKeep } from '../../../factory/registry/gc-plan';
import { alone, withLease } from '../../../factory/registry/lease';
import { rollbackTarget } from '../../../factory/registry/log';
import { pin, reportUse, unpin } from '../../../factory/registry/marks';
import { materialise } from '../../../factory/registry/materialise';
import { resolveDigest } from '../../../factory/registry/read';
import { applyRevocation, planRevocation } from '../../../factory/registry/revoke';
import { WHO, digestOf, newPlace, recordOf, store, type Place } from './support';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-24T12:00:00Z');

/** Seven images, two channels; time goes on by a day with each step. */
const step = fc.oneof(
  fc.record({ do: fc.constant('promote' as const), disk: fc.nat(6), channel: fc.nat(1) }),
  fc.record({ do: fc.constant('rollback' as const), disk: fc.constant(0), channel: fc.nat(1) }),
);
const history = fc.record({
  steps: fc.array(step, { maxLength: 40 }),
  pins: fc.uniqueArray(fc.nat(6), { maxLength: 2 }),
  uses: fc.uniqueArray(fc.nat(6), { maxLength: 2 }),
  ages: fc.array(fc.nat(60), { minLength: 7, maxLength: 7 }),
  keep: fc.integer({ min: 1, max: 6 }),
  days: fc.integer({ min: 0, max: 30 }),
});
const disk = (index: number): string => `disk ${index}`;

function logsOf(steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]): ChannelEntry[][] {
  const logs: ChannelEntry[][] = [[], []];
  for (const { do: action, disk: index, channel } of steps) {
    const log = logs[channel] ?? [];
    const digest = action === 'promote' ? digestOf(disk(index)) : rollbackTarget(log);
    if (digest === undefined) continue;
    log.push({
      version: 1,
      image: 'spark-node',
      channel: `channel-${channel}`,
      sequence: log.length + 1,
      action,
      digest,
      operation: '6a2f41a3-c54c-4ce0-b5c5-6c6c5a2b8d10',
      ...WHO,
    });
  }
  return logs;
}

it('the plan never removes what a channel, its history, a pin, a machine or its age reaches, and removes all else', () => {
  fc.assert(
    fc.property(history, ({ steps, pins, uses, ages, keep, days }) => {
      const logs = logsOf(steps);
      const images = ages.map((age, index) => ({ digest: digestOf(disk(index)), storedAt: NOW - age * DAY }));
      const plan = planKeep(
        {
          images,
          logs: logs.filter((log) => log.length > 0),
          pins: pins.map((each) => digestOf(disk(each))),
          uses: uses.map((each) => ({ digest: digestOf(disk(each)), cluster: 'local' })),
        },
        { history: keep, youngerThan: days * DAY, now: NOW },
      );
      // Told another way: by rolling back for real, and by looking at the last entries.
      const reached = new Set<string>();
      for (const log of logs) {
        for (const { digest } of log.slice(-keep)) reached.add(digest);
        const way = [...log];
        for (let back = 0; back < keep; back += 1) {
          const digest = rollbackTarget(way);
          const last = way.at(-1);
          if (digest === undefined || last === undefined) break;
          reached.add(digest);
          way.push({ ...last, action: 'rollback', digest, sequence: way.length + 1 });
        }
      }
      for (const each of [...pins, ...uses]) reached.add(digestOf(disk(each)));
      ages.forEach((age, index) => {
        if (age < days) reached.add(digestOf(disk(index)));
      });
      const all = images.map(({ digest }) => digest);
      expect([...plan.remove].sort()).toEqual(all.filter((digest) => !reached.has(digest)).sort());
      expect(plan.keep.map(({ digest }) => digest).sort()).toEqual(
        all.filter((digest) => reached.has(digest)).sort(),
      );
      expect(plan.keep.every(({ why }) => why.length > 0)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

describe('a clean-up', () => {
  let place: Place;
  beforeEach(async () => {
    place = newPlace();
    await place.home.init();
  });

  const content = (index: number): Buffer =>
    Buffer.concat([Buffer.alloc(CHUNK, 'shared'), Buffer.alloc(CHUNK), Buffer.alloc(999, disk(index))]);
  const recordFor = (index: number) => ({
    ...recordOf('x'),
    digest: digestOf(content(index)),
    size: content(index).length,
  });
  const add = (index: number) => store(place, content(index), recordFor(index));
  const policy = { history: 2, youngerThan: 0, now: Date.now() + DAY };
  const clean = async (how = policy) => {
    const who = { by: WHO.by, at: WHO.at, cache: place.settings.cache };
    return await collect(place.home, await planCollect(place.home, how), how, who);
  };
  const whole = async (index: number): Promise<boolean> => {
    rmSync(place.settings.cache, { recursive: true, force: true });
    const folder = await materialise(place.home, recordFor(index), { cache: place.settings.cache });
    return readFileSync(join(folder, 'image.raw')).equals(content(index));
  };
  const move = async (digest: string, channel: string) =>
    apply(
      place.home,
      await planPromotion(
        place.home,
        {
          ...place.settings,
          channels: new Map([
            ['candidate', { gates: [] }],
            ['production', { gates: [] }],
          ]),
        },
        digest,
        channel,
      ),
      WHO,
    );

  it('over random histories leaves every image that is reached whole, every log readable, and no chunk without an image', async () => {
    const doings = fc.array(
      fc.oneof(
        fc.record({
          do: fc.constantFrom(
            'promote' as const,
            'pin' as const,
            'unpin' as const,
            'use' as const,
            'revoke' as const,
            'store' as const,
          ),
          disk: fc.nat(4),
          channel: fc.constantFrom('candidate', 'production'),
        }),
        fc.record({
          do: fc.constantFrom('rollback' as const, 'gc' as const),
          disk: fc.constant(0),
          channel: fc.constantFrom('candidate', 'production'),
        }),
      ),
      { minLength: 5, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(doings, async (steps) => {
        place = newPlace();
        await place.home.init();
        const answers = async (work: () => Promise<unknown>): Promise<void> => {
          // What is refused is refused by name: any other fault is one of this test's.
          await work().catch((error: unknown) => {
            expect(error).toMatchObject({
              code: expect.stringMatching(
                /^(image-revoked|unknown-image|nothing-to-roll-back-to)$/,
              ) as string,
            });
          });
        };
        for (const { do: action, disk: index, channel } of [
          ...steps,
          { do: 'gc' as const, disk: 0, channel: '' },
        ]) {
          const digest = digestOf(content(index));
          if (action === 'store') await add(index);
          if (action === 'promote') {
            await add(index);
            await answers(() => move(digest, channel));
          }
          if (action === 'rollback')
            await answers(async () =>
              apply(place.home, await planRollback(place.home, place.settings, channel), WHO),
            );
          if (action === 'revoke')
            await answers(async () =>
              applyRevocation(place.home, await planRevocation(place.home, place.settings, digest), {
                ...WHO,
                reason: 'bad',
              }),
            );
          // A mark on an image that was never stored stops every clean-up: that has its own test.
          const recorded = (await place.home.read(`images/${digest.slice(7)}/record.json`)) !== undefined;
          if (action === 'pin' && recorded)
            await pin(place.home, { version: 1, digest, reason: 'kept', by: WHO.by, at: WHO.at });
          if (action === 'unpin') await unpin(place.home, digest);
          if (action === 'use' && recorded)
            await reportUse(place.home, {
              version: 1,
              reporter: `r${index}`,
              digest,
              cluster: 'c',
              nodes: ['n'],
              by: WHO.by,
              at: WHO.at,
            });
          if (action !== 'gc') continue;
          const before = await planCollect(place.home, policy);
          await clean();
          const { images, logs } = await readCatalogue(place.home, 'spark-node', place.settings.bakes);
          const there = new Set(images.filter(({ stored }) => stored).map((image) => image.digest));
          for (const kept of before.keep) expect(there.has(kept.digest)).toBe(true);
          for (const log of logs.values()) expect(there.has(log.at(-1)?.digest ?? '')).toBe(true);
          for (let each = 0; each < 5; each += 1)
            if (there.has(digestOf(content(each)))) expect(await whole(each)).toBe(true);
          const chunks: string[] = [];
          for await (const { key } of place.home.walk('chunks')) chunks.push(key);
          expect(chunks).toHaveLength(there.size === 0 ? 0 : there.size + 1);
        }
      }),
      { numRuns: process.env['KILN_TEST_ALL'] === undefined ? 6 : 60 },
    );
  }, 600_000);

  it('only plans until it is told to do it, and says why it keeps what it keeps', async () => {
    const [a, b] = [await add(1), await add(2)];
    await move(b, 'candidate');
    const plan = await planCollect(place.home, policy);
    expect(plan).toMatchObject({ remove: [a], keep: [{ digest: b, why: ['channel candidate'] }] });
    expect(plan.chunks).toHaveLength(1);
    expect(resolveDigest(place.home.where, a).digest).toBe(a);
    await clean();
    expect(() => resolveDigest(place.home.where, a)).toThrow(
      expect.objectContaining({ code: 'image-removed' }),
    );
    expect(await whole(2)).toBe(true);
    // The same image comes back whole when it is stored again.
    await add(1);
    expect(resolveDigest(place.home.where, a).digest).toBe(a);
    expect(await whole(1)).toBe(true);
  });

  it('removes what was never stored whole when that is old, and leaves what is young', async () => {
    const digest = await add(1);
    rmSync(join(place.home.where, 'images', digest.slice(7), 'record.json'));
    const index = join(place.home.where, 'images', digest.slice(7), 'chunks.json');
    const young = { ...policy, youngerThan: 7 * DAY, now: Date.now() };
    expect(await planCollect(place.home, young)).toMatchObject({ unfinished: [], chunks: [] });
    utimesSync(index, new Date(Date.now() - 8 * DAY), new Date(Date.now() - 8 * DAY));
    expect((await planCollect(place.home, young)).unfinished).toEqual([digest]);
    await clean(young);
    expect(await place.home.list('chunks')).toEqual([]);
  });

  it('of a damaged registry removes nothing', async () => {
    const [a] = [await add(1), await add(2)];
    await move(a, 'candidate');
    writeFileSync(join(place.home.where, 'channels/spark-node/candidate/0000001.json'), '{}');
    await expect(planCollect(place.home, policy)).rejects.toMatchObject({ code: 'registry-damaged' });
  });

  const named = {
    pin: (digest: string) =>
      pin(place.home, { version: 1, digest, reason: 'kept', by: WHO.by, at: WHO.at }).then(() => undefined),
    'report of use': (digest: string) =>
      reportUse(place.home, {
        version: 1,
        reporter: 'host.cluster.workers',
        digest,
        cluster: 'cluster',
        nodes: ['n'],
        by: WHO.by,
        at: WHO.at,
      }),
    channel: (digest: string) => move(digest, 'candidate').then(() => undefined),
    "channel's history": async (digest: string) => {
      await move(digest, 'candidate');
      await move(await add(3), 'candidate');
    },
  };
  /** Hides files from every later listing: what a lost mount, or a proxy that answers in its place, shows. */
  const cut = (hides: (key: string) => boolean): void => {
    const walk = place.home.walk.bind(place.home);
    vi.spyOn(place.home, 'walk').mockImplementation(async function* (folder) {
      for await (const file of walk(folder)) if (!hides(file.key)) yield file;
    });
  };

  it.each(
    Object.entries(named).flatMap(([what, name]) => [
      { what, name, lacks: 'the whole image', hides: 'images/HEX/' },
      { what, name, lacks: 'its record', hides: 'images/HEX/record.json' },
      { what, name, lacks: 'every image', hides: 'images/' },
    ]),
  )(
    'removes nothing when a $what names an image of which the listing lacks $lacks',
    async ({ name, hides }) => {
      const digest = await add(1);
      await add(2);
      await name(digest);
      const files = async (): Promise<readonly string[]> => {
        const found: string[] = [];
        for (const folder of ['images', 'chunks'])
          for await (const { key } of place.home.walk(folder)) found.push(key);
        return found.sort();
      };
      const before = await files();
      const planned = await planCollect(place.home, policy);
      cut((key) => key.startsWith(hides.replace('HEX', digest.slice(7))));
      const fault = {
        code: expect.stringMatching(/^registry-(listing-incomplete|damaged)$/) as string,
        faults: [expect.objectContaining({ what: expect.stringContaining(digest) as string })],
      };
      if (hides === 'images/') Object.assign(fault, { faults: expect.anything() as unknown });
      await expect(planCollect(place.home, policy)).rejects.toMatchObject(fault);
      // Also when the listing was whole while it was planned and is cut when it is done.
      const who = { by: WHO.by, at: WHO.at, cache: place.settings.cache };
      await expect(collect(place.home, planned, policy, who)).rejects.toMatchObject(fault);
      vi.restoreAllMocks();
      expect(await files()).toEqual(before);
    },
  );

  it('does not begin while somebody writes, naming who, and goes on after one that was killed', async () => {
    await add(1);
    await withLease(place.home, 'stores image x', undefined, async () => {
      await expect(clean()).rejects.toMatchObject({
        code: 'registry-busy',
        exitCode: 1,
        faults: [{ what: expect.stringContaining('stores image x') as string }],
      });
    });
    await withLease(place.home, 'was killed', undefined, async () => {
      const [lease] = await place.home.list('holds');
      const dead = JSON.parse((await place.home.read(`holds/${lease ?? ''}`)) ?? '') as object;
      for (const key of [`holds/${lease ?? ''}`, 'gc.json'])
        await place.home.put(key, Buffer.from(JSON.stringify({ ...dead, pid: 4194304 })));
      await clean();
    });
    expect(await place.home.list('images')).toHaveLength(1);
    expect(await place.home.read('gc.json')).toBeUndefined();
  });

  it('makes writers wait, and tells them for whom', async () => {
    const order: string[] = [];
    let release = (): void => undefined;
    const held = new Promise<void>((done) => {
      release = done;
    });
    const collecting = alone(place.home, 'removes what nothing reaches', async () => {
      await held;
      order.push('collected');
    });
    while ((await place.home.read('gc.json')) === undefined) await new Promise((done) => setTimeout(done, 5));
    const writing = withLease(
      place.home,
      'stores',
      (what) => {
        order.push(`waits for ${what.split(',')[0] ?? ''}`);
        release();
      },
      () => {
        order.push('wrote');
        return Promise.resolve();
      },
    );
    await Promise.allSettled([collecting, writing]);
    expect(order[0]).toMatch(/^waits for .*removes what nothing reaches$/);
    expect(order.slice(1)).toEqual(['collected', 'wrote']);
    expect(await place.home.list('holds')).toEqual([]);
  });
});
