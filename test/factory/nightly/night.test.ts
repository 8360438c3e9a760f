import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KilnError } from '../../../factory/errors';
import { digestOf } from '../../../factory/nightly/files';
import { stateOf } from '../../../factory/nightly/journal';
import { journalOf, nameOf, nightNames, standing } from '../../../factory/nightly/nights';
import { STEPS } from '../../../factory/nightly/steps';
import { SPEC, refusal } from '../spec/support';
import { Killed, journalFile, newStage, nightlyProject, offer, type Stage } from './support';

const STAGED = `${SPEC}  staging: {}\n`;
const finishedSteps = (stage: Stage, run: string): readonly string[] =>
  journalOf(stage.project, run)
    .read()
    .flatMap((entry) => (entry.event === 'finished' ? [entry.step] : []));

describe('a night', () => {
  it('bakes, boots, bakes again, registers and reports, each once, in that order', async () => {
    const stage = newStage();
    const { end } = await stage.night();
    const [image] = [...stage.kiln.images.keys()];
    expect(end).toMatchObject({ result: 'registered', image });
    expect(stage.kiln.commands.map((words) => words.split(' ')[0])).toEqual([
      'bake',
      'verify',
      'reproduce',
      'promote',
    ]);
    expect(stage.kiln.channels.get('candidate')).toEqual([image]);
    const [run = ''] = nightNames(stage.project);
    expect(finishedSteps(stage, run)).toEqual(STEPS);
    for (const file of ['change.diff', 'change.json', 'change.md', 'factory.lock.json', 'report.html'])
      expect(existsSync(join(stage.project.state, 'nightly/runs', run, file)), file).toBe(true);
  });

  it('after which nothing changed asks no command of kiln, and the night after that neither', async () => {
    const stage = newStage();
    await stage.night();
    const before = stage.kiln.commands.length;
    for (let nights = 0; nights < 2; nights += 1) {
      stage.clock.advance(86_400_000);
      expect((await stage.night()).end).toMatchObject({ result: 'unchanged' });
    }
    expect(stage.kiln.commands.length).toBe(before);
    expect(stage.kiln.channels.get('candidate')).toHaveLength(1);
  });

  it.each([
    ['a newer package', (stage: Stage) => (stage.offers = offer(stage.project, '2'))],
    [
      'changed code or recipes',
      (stage: Stage) => (stage.facts = { ...stage.facts, sources: digestOf('other') }),
    ],
  ])('after %s bakes again, and compares with the night before', async (_, change) => {
    const stage = newStage();
    await stage.night();
    change(stage);
    stage.clock.advance(86_400_000);
    expect((await stage.night()).end.result).toBe('registered');
    expect(stage.kiln.commands.filter((words) => words.startsWith('bake'))).toHaveLength(2);
    const [first, second = ''] = nightNames(stage.project);
    const text = readFileSync(join(stage.project.state, 'nightly/runs', second, 'change.json'), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ since: { what: 'night', name: first } });
  });

  it('does not register again what somebody rolled back, while nothing is new', async () => {
    const stage = newStage();
    await stage.night();
    stage.kiln.channels.set('candidate', ['sha256:of-before']);
    stage.clock.advance(86_400_000);
    await stage.night();
    expect(stage.kiln.channels.get('candidate')).toEqual(['sha256:of-before']);
  });

  it.each(['verify', 'reproduce'] as const)(
    'whose image %s says no to is refused, and the candidate stays',
    async (step) => {
      const stage = newStage();
      await stage.night();
      const candidate = [...(stage.kiln.channels.get('candidate') ?? [])];
      stage.offers = offer(stage.project, '2');
      stage.kiln.faults = { refuses: [step] };
      stage.clock.advance(86_400_000);
      expect((await stage.night()).end).toMatchObject({ result: 'refused', refused: step });
      expect(stage.kiln.channels.get('candidate')).toEqual(candidate);
      const page = readFileSync(join(stage.project.state, 'nightly/report.html'), 'utf8');
      expect(page).toContain('Refused');

      // The night after tries again, without baking what is there.
      stage.kiln.faults = {};
      stage.clock.advance(86_400_000);
      expect((await stage.night()).end.result).toBe('registered');
      expect(stage.kiln.images.size).toBe(2);
    },
  );

  it('is refused by a closed gate of its channel', async () => {
    const stage = newStage();
    stage.kiln.faults = { closed: ['candidate'] };
    expect((await stage.night()).end).toMatchObject({ result: 'refused', refused: 'register' });
    expect(stage.kiln.channels.size).toBe(0);
  });

  it('promotes as far as the gates hold, and is good all the same', async () => {
    const spec = `${STAGED}  canary: {}\n`;
    const stage = newStage(nightlyProject(spec), { promote: ['canary', 'staging'] });
    stage.kiln.faults = { closed: ['canary'] };
    expect((await stage.night()).end.result).toBe('registered');
    expect([...stage.kiln.channels.keys()]).toEqual(['candidate']);
    stage.kiln.faults = {};
    stage.offers = offer(stage.project, '2');
    stage.clock.advance(86_400_000);
    await stage.night();
    expect([...stage.kiln.channels.keys()]).toEqual(['candidate', 'canary', 'staging']);
  });
});

describe('a night that fails', () => {
  const broken = new KilnError({ code: 'no-space', what: 'the disk is full', hint: 'make room' });

  it.each([
    ['bake', true],
    ['verify', true],
    ['reproduce', true],
    ['promote', true],
  ])('at kiln %s names the step, keeps the candidate, and goes on there', async (command) => {
    const stage = newStage();
    stage.kiln.faults = { fails: { [command]: broken } };
    const error = await refusal(() => stage.night());
    const step = command === 'promote' ? 'register' : command;
    expect(error).toMatchObject({ code: 'nightly-failed', exitCode: 3 });
    expect(error.message).toBe(`the night failed at ${step}: the disk is full`);
    expect(error.hint).toBe('make room\nchannel candidate is as it was\nresume it: kiln nightly --apply');
    expect(stage.kiln.channels.size).toBe(0);
    expect(readFileSync(join(stage.project.state, 'nightly/report.html'), 'utf8')).toContain(
      'the disk is full',
    );

    const before = stage.kiln.commands.length;
    stage.kiln.faults = {};
    stage.clock.advance(3_600_000);
    expect((await stage.night()).end.result).toBe('registered');
    expect(stage.kiln.commands[before]).toMatch(new RegExp(`^${command}`));
    expect(nightNames(stage.project)).toHaveLength(1);
    expect(stage.repeated).toEqual([]);
  });

  it('is not gone on with a day later: the indices are looked at anew', async () => {
    const stage = newStage();
    stage.kiln.faults = { fails: { bake: broken } };
    await refusal(() => stage.night());
    stage.kiln.faults = {};
    stage.offers = offer(stage.project, '2');
    stage.clock.advance(86_400_000);
    await stage.night();
    expect(nightNames(stage.project)).toHaveLength(2);
    expect(stage.kiln.images.size).toBe(1);
  });

  it('bakes again what changed while it was stopped, and not what did not', async () => {
    const stage = newStage();
    stage.kiln.faults = { fails: { verify: broken } };
    await refusal(() => stage.night());
    stage.kiln.faults = {};
    stage.facts = { ...stage.facts, sources: digestOf('edited meanwhile') };
    await stage.night();
    const [run = ''] = nightNames(stage.project);
    expect(finishedSteps(stage, run).filter((step) => step === 'refresh')).toHaveLength(1);
    expect(finishedSteps(stage, run).filter((step) => step === 'bake')).toHaveLength(2);
  });
});

/** What only says how often something was tried: the bake found its image there, the channel had moved. */
const TRIED = new Set(['baked', 'cached', 'from']);

/** What a project, its registry and its journal come to, but for times. */
function endOf(stage: Stage): unknown {
  const [run = ''] = nightNames(stage.project);
  const { finished, ended } = stateOf(journalOf(stage.project, run).read());
  const outputs = Object.entries(finished).map(([step, { inputs, output }]) => [
    step,
    inputs,
    // Each is in a folder of its own.
    JSON.stringify(output, (key, value: unknown) => (TRIED.has(key) ? undefined : value)).replaceAll(
      stage.project.root,
      '',
    ),
  ]);
  return { outputs, result: ended?.result, image: ended?.image, channels: [...stage.kiln.channels] };
}

describe('a night that is killed', () => {
  it('anywhere, as often as one likes, comes to the same end and repeats no finished step', async () => {
    const spec = STAGED;
    const undisturbed = newStage(nightlyProject(spec), { promote: ['staging'] });
    let moments = 0;
    undisturbed.moment = () => {
      moments += 1;
    };
    await undisturbed.night();
    // Before and after each command, step and line of the journal.
    expect(moments).toBeGreaterThan(4 * STEPS.length);

    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: moments }), fc.nat({ max: 80 })), {
          minLength: 1,
          maxLength: 5,
        }),
        async (kills) => {
          const stage = newStage(nightlyProject(spec), { promote: ['staging'] });
          for (const [at, torn] of kills) {
            let left = at;
            stage.moment = () => {
              left -= 1;
              if (left <= 0) throw new Killed();
            };
            await stage.night().catch((error: unknown) => {
              if (!(error instanceof Killed)) throw error;
            });
            // The line that was being written may have got half way to the disk.
            const [run] = nightNames(stage.project);
            if (run !== undefined && torn > 0)
              appendFileSync(
                journalFile(stage.project, run),
                '{"event":"finished","step":"bake"'.slice(0, torn),
              );
          }
          stage.moment = () => undefined;
          await stage.night();
          const results = nightNames(stage.project).map(
            (run) => stateOf(journalOf(stage.project, run).read()).ended?.result ?? 'unfinished',
          );
          expect(results.filter((result) => result === 'registered')).toHaveLength(1);
          expect(results[0]).toBe('registered');
          expect(stage.repeated).toEqual([]);
          expect(stage.kiln.channels).toEqual(undisturbed.kiln.channels);
          expect(endOf(stage)).toEqual(endOf(undisturbed));
        },
      ),
      { numRuns: 15 },
    );
  });
});

describe('a journal', () => {
  it('with a line that kiln did not write is refused, and --fresh leaves it', async () => {
    const stage = newStage();
    await stage.night();
    const [run = ''] = nightNames(stage.project);
    const file = journalFile(stage.project, run);
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(
      file,
      [lines[0], '{"event":"finished","step":"bake","output":"forged"}', ...lines.slice(2)].join('\n'),
    );
    const error = await refusal(() => standing(stage.project, stage.clock.now(), false));
    expect(error).toMatchObject({ code: 'journal-damaged' });
    expect(error.message).toContain('line 2');
    expect(standing(stage.project, stage.clock.now(), true)).toMatchObject({ open: undefined });
  });

  it('cut anywhere is read up to its last whole line', async () => {
    const stage = newStage();
    await stage.night();
    const [run = ''] = nightNames(stage.project);
    const journal = journalOf(stage.project, run);
    const whole = journal.read();
    const file = journalFile(stage.project, run);
    const size = readFileSync(file).length;
    truncateSync(file, size - 1);
    expect(journal.read()).toEqual(whole.slice(0, -1));
  });

  it('of a clock that went back is still the newest', () => {
    expect(nameOf(Date.parse('2026-11-24T02:00:00Z'), '20261124T030000000Z')).toBe('20261124T030000001Z');
    expect(nameOf(Date.parse('2026-11-24T04:00:00Z'), '20261124T030000000Z')).toBe('20261124T040000000Z');
  });
});
