import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Injected } from '../../../../factory/publish/aws/api/aws-fake';
import { EBS_BLOCK } from '../../../../factory/publish/aws/api/ebs';
import { KEY, World, diskOf } from './support';

/** Few letters, so that blocks are often the same, often zero, and often become zero. */
const letters = fc.string({ unit: fc.constantFrom('.', '.', 'a', 'b', 'c'), minLength: 1, maxLength: 14 });
/** Bytes that a disk ends before a whole block. */
const short = fc.constantFrom(0, 512, EBS_BLOCK - 512);
const shape = fc.record({ letters, short });
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;
/** Two disks; which they are is told and not their bytes. */
const different = fc.tuple(shape, shape).filter(([a, b]) => a.letters !== b.letters);
const bytes = ({ letters: words, short: missing }: Shape): Buffer =>
  diskOf(words).subarray(0, words.length * EBS_BLOCK - missing);

const last = (world: World, arrived: readonly { snapshot: { snapshot: string } }[]) => {
  const snapshot = world.aws.snapshots.get(arrived[0]?.snapshot.snapshot ?? '');
  if (snapshot === undefined) throw new Error('nothing arrived');
  return snapshot;
};

it('a volume of the snapshot reads as the disk, whatever disk lay below, and what is sent is what was planned', async () => {
  await fc.assert(
    fc.asyncProperty(different, async ([one, other]) => {
      const [before, after] = [bytes(one), bytes(other)];
      const world = new World();
      const parent = await world.store(before);
      await world.promote(parent);
      await world.publish(parent);
      const digest = await world.store(after);
      await world.promote(digest);
      const planned = await world.plan(digest);
      const snapshot = last(world, await world.apply(planned));
      const way = planned.plan.regions[0]?.way;
      if (way?.kind !== 'upload') throw new Error('nothing was planned to be sent');
      expect([...snapshot.puts.keys()].sort((a, b) => a - b)).toEqual(way.upload.send);
      expect(way.upload.parent?.digest).toBe(parent);
      expect(world.volumeDiffers(snapshot.id, after)).toEqual([]);
      expect(world.orphans).toEqual([]);
    }),
    { numRuns: 20 },
  );
});

it('killed anywhere and begun again, nothing that AWS has is sent again, and nothing is left', async () => {
  const kill = fc.record({
    call: fc.integer({ min: 1, max: 40 }),
    how: fc.constantFrom('kill-before', 'kill-after'),
  });
  await fc.assert(
    fc.asyncProperty(
      different,
      fc.array(kill, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(0, 1500),
      async ([one, other], kills, visibleAfter) => {
        const [before, after] = [bytes(one), bytes(other)];
        let calls = 0;
        let armed = false;
        const left = [...kills];
        const inject = (): Injected => {
          if (!armed) return undefined;
          calls += 1;
          if (calls !== left[0]?.call) return undefined;
          calls = 0;
          return left.shift()?.how;
        };
        const world = new World({ inject, visibleAfter, settlesAfter: 3000, flaps: 1 });
        const parent = await world.store(before);
        await world.promote(parent);
        await world.publish(parent);
        const digest = await world.store(after);
        await world.promote(digest);
        armed = true;
        const { arrived } = await world.publishThroughKills(digest, { parallel: 3 });
        // What a kill left before AWS listed it is found and removed by the next run.
        world.pause.advance(10_000);
        await world.publishThroughKills(digest);
        expect([...world.aws.snapshots.values()].map(({ repeated }) => repeated).filter(Boolean)).toEqual([]);
        expect(world.volumeDiffers(last(world, arrived).id, after)).toEqual([]);
        expect(world.orphans).toEqual([]);
        expect([...world.aws.images.values()]).toHaveLength(2);
      },
    ),
    { numRuns: 40 },
  );
});

it('throttled, failing, and with answers lost, it gets there all the same', async () => {
  const faults = fc.array(
    fc.constantFrom<Injected>(undefined, undefined, undefined, 'throttle', 'error', 'lost'),
    {
      minLength: 5,
      maxLength: 60,
    },
  );
  await fc.assert(
    fc.asyncProperty(different, faults, async ([one, other], script) => {
      const [before, after] = [bytes(one), bytes(other)];
      const world = new World({
        inject: (() => {
          let call = 0;
          return () => script[call++];
        })(),
        visibleAfter: 1500,
        settlesAfter: 3000,
        flaps: 2,
        page: 2,
      });
      const parent = await world.store(before);
      await world.publish(parent);
      const digest = await world.store(after);
      const arrived = await world.publish(digest);
      expect(world.volumeDiffers(last(world, arrived).id, after)).toEqual([]);
      expect([...world.aws.images.values()].map(({ name }) => name)).toHaveLength(2);
    }),
    { numRuns: 20 },
  );
});

it('encrypted, every block of the volume is written once, and then only what differs', async () => {
  await fc.assert(
    fc.asyncProperty(different, async ([one, other]) => {
      const [before, after] = [bytes(one), bytes(other)];
      const world = new World();
      const kmsKeys = new Map([['eu-central-1', KEY]]);
      const parent = await world.store(before);
      const whole = last(world, await world.publish(parent, { kmsKeys }));
      expect(whole.puts.size).toBe(2048);
      expect(world.volumeDiffers(whole.id, before)).toEqual([]);
      const digest = await world.store(after);
      const difference = last(world, await world.publish(digest, { kmsKeys }));
      expect(difference.puts.size).toBeLessThanOrEqual(15);
      expect(difference.kmsKey).toBe(KEY);
      expect(world.volumeDiffers(difference.id, after)).toEqual([]);
    }),
    { numRuns: 2 },
  );
});
