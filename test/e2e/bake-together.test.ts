import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baked, Bakery, failed } from './bakery';

let folder: string;
let bakery: Bakery;

describe.skipIf(process.getuid?.() !== 0)('two bakes at once (needs root)', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-together-'));
    bakery = await new Bakery(folder).stockSmall();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('of one project: one waits, and finds it baked', async () => {
    const both = await Promise.all([bakery.start().ended, bakery.start().ended]);
    const [one, other] = both.map(baked);
    expect(one?.digest).toBe(other?.digest);
    expect([one?.baked, other?.baked].sort()).toEqual([false, true]);
    expect(both.some(({ err }) => /bake since/.test(err))).toBe(true);
    expect(await bakery.halves()).toEqual([]);
  });

  it('of two projects that share a cache: both give the same image', async () => {
    const second = new Bakery(folder, undefined, 'elsewhere/another-project', bakery.cache);
    second.copyProject();
    bakery.forget();
    const [one, other] = (await Promise.all([bakery.start().ended, second.start().ended])).map(baked);
    expect(one).toMatchObject({ baked: true });
    expect(other).toMatchObject({ baked: true, digest: one?.digest });
    expect([...(await bakery.halves()), ...(await second.halves())]).toEqual([]);
  });

  it('of root and of an ordinary user: neither uses what the other left', async () => {
    const theirs = mkdtempSync(join(tmpdir(), 'kiln-together-user-'));
    try {
      const user = new Bakery(theirs, 4242, 'project', bakery.cache);
      user.copyProject();
      user.handOver();
      const { code, faults } = failed(await user.start().ended);
      expect(code).toBe('not-yours');
      expect(faults.map(({ where }) => where)).toEqual([bakery.cache]);
      expect(await bakery.halves()).toEqual([]);
    } finally {
      rmSync(theirs, { recursive: true, force: true });
    }
  });
});
