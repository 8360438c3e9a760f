import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { baked, Bakery, failed, whole } from './bakery';

const MB = 1_000_000;
let folder: string;
let bakery: Bakery;
let digest: string;

/** Takes all of the disk but so much; again with what is free by then when somebody else took some meanwhile. */
function fill(left: number): void {
  for (;;) {
    const { bavail, bsize } = statfsSync(folder);
    const size = String(Math.max(1, bavail * bsize - left));
    if (spawnSync('fallocate', ['--length', size, join(folder, 'filler')]).status === 0) return;
  }
}
const release = (): void => {
  rmSync(join(folder, 'filler'), { force: true });
};

/** Fills the disk as soon as a bake has begun a step: when its work folder of that name comes. */
async function fillWhen(
  place: string,
  step: string,
  left: number,
): Promise<Awaited<ReturnType<Bakery['start']>['ended']>> {
  const work = join(place, 'work');
  mkdirSync(work, { recursive: true });
  let done = false;
  const watcher = watch(work, (_, name) => {
    if (done || name?.startsWith(`${step}-`) !== true) return;
    done = true;
    fill(left);
  });
  try {
    return await bakery.start().ended;
  } finally {
    watcher.close();
  }
}

describe.skipIf(process.getuid?.() !== 0)('kiln bake on a disk that is full (needs root)', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1200m,mode=0755', 'kiln-full', folder]);
    bakery = await new Bakery(folder).stockSmall();
    ({ digest } = await bakery.bake());
  });
  afterAll(() => {
    execFileSync('umount', ['--lazy', folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    release();
    bakery.forget();
  });

  it.each([0, 1 * MB, 50 * MB])(
    'does not begin with %d bytes: it says how much is needed, and where',
    async (left) => {
      fill(left);
      const { code, faults } = failed(await bakery.start().ended);
      expect(code).toBe('no-space');
      expect(faults).toHaveLength(1);
      expect(faults[0]?.where).toContain(bakery.cache);
      expect(faults[0]?.where).toContain(join(bakery.project, '.kiln'));
      expect(faults[0]?.what).toMatch(/^[\d.]+ [MG]iB needed \(.*for the image\), [\d.]+ (B|KiB|MiB) free$/);
      expect(await bakery.halves()).toEqual([]);
    },
  );

  it.each([
    { step: 'code', left: 0 },
    { step: 'disk', left: 30 * MB },
    ...(whole
      ? [
          { step: 'disk', left: 0 },
          { step: 'disk', left: 100 * MB },
        ]
      : []),
  ])('ends when the disk is full in the middle of $step and $left bytes are left', async ({ step, left }) => {
    // Whether the disk is full before the step is over is up to the machine: a bake that was faster is tried again.
    for (let attempt = 0; attempt < 10; attempt++) {
      const ran = await fillWhen(step === 'code' ? bakery.cache : join(bakery.project, '.kiln'), step, left);
      if (ran.code === 0) {
        expect(baked(ran).digest).toBe(digest);
        release();
        bakery.forget();
        continue;
      }
      const { code, faults } = failed(ran);
      expect(code, ran.err).toBe('no-space');
      expect(faults[0]?.where).toContain(join(bakery.project, '.kiln'));
      expect(faults[0]?.what).toMatch(/ [MG]iB needed \(.*\), [\d.]+ (B|KiB|MiB|GiB) free$/);
      expect(await bakery.halves()).toEqual([]);
      release();
      expect((await bakery.bake()).digest).toBe(digest);
      for (const place of [bakery.cache, join(bakery.project, '.kiln')])
        expect(readdirSync(join(place, 'work'))).toEqual([]);
      return;
    }
    throw new Error('ten bakes were faster than the disk was filled');
  });
});
