import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { Bakery, whole } from './bakery';
import { leftovers, takeInventory } from './leftovers';

/** The same seed tries the same shares of a bake's time again: tools/test. */
const seed = Number(process.env['KILN_TEST_SEED'] ?? 71_673);

/** Numbers from 0 to 1, the same for a seed (mulberry32). */
function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(process.getuid?.() !== 0)('kiln bake killed at any point (needs root)', () => {
  it.each([
    { who: 'root', user: undefined, points: whole ? 50 : 4 },
    { who: 'an ordinary user', user: 4242, points: whole ? 10 : 1 },
  ])('leaves nothing, and the next bake gives the same image: as $who', async ({ user, points }) => {
    const folder = mkdtempSync(join(tmpdir(), 'kiln-killed-'));
    folders.push(folder);
    const bakery = await new Bakery(folder, user).stockSmall();
    const began = Date.now();
    const { digest } = await bakery.bake();
    const takes = Date.now() - began;
    expect(await bakery.halves()).toEqual([]);

    const next = random(seed);
    for (let point = 0; point < points; point++) {
      // Alternately from its layers and from the previous image.
      bakery.forget(point % 2 === 0 ? 'no image' : 'images stay');
      const before = takeInventory();
      const { child, ended } = bakery.start();
      // Spread over all of a bake, whatever the machine's pace: any point is as good as any other.
      const after = ((point + next()) / points) * takes;
      await Promise.race([ended, sleep(after)]);
      const logs = join(bakery.project, '.kiln', 'logs');
      child.kill('SIGKILL');
      await ended;
      const where = `seed ${String(seed)}, point ${String(point + 1)} of ${String(points)}, after ${after.toFixed(0)} ms`;
      expect(await leftovers(before, { about: [folder], within: 30 }), where).toEqual([]);
      expect(await bakery.halves(), where).toEqual([]);
      const log = readdirSync(logs).sort().at(-1) ?? '';
      expect(
        (await bakery.bake()).digest,
        `${where}\n${readFileSync(join(logs, log), 'utf8').slice(-500)}`,
      ).toBe(digest);
      for (const work of [bakery.cache, join(bakery.project, '.kiln')])
        expect(readdirSync(join(work, 'work')), where).toEqual([]);
    }
  });

  it('between the arrival of its last layer and the end of its work folder leaves that folder to the next, which builds none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kiln-killed-'));
    folders.push(folder);
    const bakery = await new Bakery(folder).stockSmall();
    const { digest } = await bakery.bake();
    const work = join(bakery.cache, 'work');
    mkdirSync(join(work, 'code-killed'));
    writeFileSync(join(work, 'code-killed', 'lock'), '');
    rmSync(join(bakery.project, '.kiln', 'bakes'), { recursive: true });
    const again = await bakery.bake();
    expect(again).toMatchObject({ digest, baked: true });
    expect(readdirSync(work)).toEqual([]);
  });
});
