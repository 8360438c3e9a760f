import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginning, type Bounds, remaining, runSteps, type Step } from '../../../factory/bake/schedule';

const step = (name: string, needs: readonly string[] = [], change: Partial<Step> = {}): Step => ({
  name,
  needs,
  threads: 1,
  memory: 100,
  seconds: 10,
  ...change,
});
const BOUNDS: Bounds = { threads: 2, memory: 1000 };
/** The layers of an image, with the seconds that they take here. */
const LAYERS = [
  step('os', [], { seconds: 45 }),
  step('spark', [], { seconds: 13 }),
  step('hadoop', [], { seconds: 8 }),
  step('conda', ['os'], { seconds: 17, threads: 2 }),
  step('jars', ['os', 'spark', 'hadoop'], { seconds: 22 }),
  step('node', ['os'], { seconds: 3 }),
  step('code', ['os', 'conda'], { seconds: 9 }),
];

/** Steps that need only those before them. */
const steps = fc
  .array(
    fc.record({
      needs: fc.array(fc.nat(20), { maxLength: 4 }),
      threads: fc.integer({ min: 1, max: 4 }),
      memory: fc.integer({ min: 1, max: 2000 }),
      seconds: fc.integer({ min: 1, max: 100 }),
    }),
    { maxLength: 10 },
  )
  .map((all) =>
    all.map((each, index): Step => ({
      ...each,
      name: String(index),
      needs: [...new Set(each.needs.filter((need) => need < index).map(String))],
    })),
  );

describe('which steps begin', () => {
  const names = (ended: readonly string[], running: readonly string[], bounds = BOUNDS): string[] =>
    beginning(LAYERS, new Set(ended), new Set(running), bounds).map(({ name }) => name);

  it.each<[string, readonly string[], readonly string[], Bounds, readonly string[]]>([
    ['first those that others wait for longest', [], [], BOUNDS, ['os', 'spark']],
    ['one when a processor is free', ['spark'], ['os'], BOUNDS, ['hadoop']],
    ['none when all processors are busy', [], ['os', 'spark'], BOUNDS, []],
    ['none that needs what still runs', ['spark', 'hadoop'], ['os'], BOUNDS, []],
    ['the longest way first', ['os', 'spark', 'hadoop'], [], BOUNDS, ['conda']],
    [
      'more on a larger machine',
      ['os', 'spark', 'hadoop'],
      [],
      { threads: 8, memory: 1000 },
      ['conda', 'jars', 'node'],
    ],
    ['as many as memory allows', [], [], { threads: 8, memory: 200 }, ['os', 'spark']],
    ['one at least, whatever it asks for', [], [], { threads: 1, memory: 1 }, ['os']],
    ['what was built before is waited for by nobody', ['hadoop'], [], { threads: 1, memory: 1000 }, ['os']],
  ])('%s', (_, ended, running, bounds, expected) => {
    expect(names(ended, running, bounds)).toEqual(expected);
  });

  it('counts the seconds from a step to the end of what waits for it', () => {
    expect(Object.fromEntries(remaining(LAYERS))).toMatchObject({ os: 71, conda: 26, spark: 35, code: 9 });
  });
});

describe('steps', () => {
  it('run each once, after what they need, within the bounds', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.record({ threads: fc.integer({ min: 1, max: 8 }), memory: fc.integer({ min: 1, max: 4000 }) }),
        async (all, bounds) => {
          const ended = new Set<string>();
          const running = new Set<Step>();
          await runSteps(all, bounds, async (each) => {
            expect(each.needs.filter((need) => !ended.has(need))).toEqual([]);
            running.add(each);
            if (running.size > 1) {
              const sum = (of: (step: Step) => number): number =>
                [...running].reduce((total, one) => total + of(one), 0);
              expect(sum(({ memory }) => memory)).toBeLessThanOrEqual(bounds.memory);
              // The last one that began found a thread free.
              expect(sum(({ threads }) => threads) - each.threads).toBeLessThan(bounds.threads);
            }
            for (let turns = 0; turns < each.seconds % 5; turns += 1) await setImmediate();
            running.delete(each);
            expect(ended.has(each.name)).toBe(false);
            ended.add(each.name);
          });
          expect(ended.size).toBe(all.length);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('that run are cancelled when one fails, none begins any more, and its error is the one that is thrown', async () => {
    const fault = new Error('its recipe failed');
    const begun: string[] = [];
    const cancelled: string[] = [];
    const bounds = { threads: 3, memory: 1000 };
    const going = runSteps(LAYERS, bounds, async ({ name }, signal) => {
      begun.push(name);
      if (name === 'spark') {
        await setImmediate();
        throw fault;
      }
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          cancelled.push(name);
          // It takes a while to end, and ends with an error of its own.
          setTimeout(() => {
            reject(new Error(`${name} was ended`));
          }, 20);
        });
      });
    });
    await expect(going).rejects.toBe(fault);
    expect(begun).toEqual(['os', 'spark', 'hadoop']);
    expect(cancelled).toEqual(['os', 'hadoop']);
  });
});
