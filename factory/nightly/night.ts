import { KilnError } from '../errors';
import type { Clock } from '../ports/machine/clock';
import type { Effects, Night } from './effects';
import { type Journal, type RunState, stateOf } from './journal';
import { type Facts, type Given, type Next, nextStep } from './plan';
import { STEPS, type Outputs, type Step } from './steps';

/** What a person, or a program, is told while a night goes on. */
export type NightEvent =
  | { readonly event: 'step-started'; readonly step: Step; readonly inputs: string }
  | {
      readonly event: 'step-finished';
      readonly step: Step;
      readonly milliseconds: number;
      readonly output: Outputs[Step];
    }
  | {
      readonly event: 'step-failed';
      readonly step: Step;
      readonly milliseconds: number;
      readonly what: string;
    };

export interface Running {
  readonly night: Night;
  readonly journal: Journal;
  readonly effects: Effects;
  readonly facts: Facts;
  readonly clock: Clock;
  readonly report: (event: NightEvent) => void;
}

export type Ended = Extract<Next, { do: 'end' }>;

const timeOf = (clock: Clock): string => new Date(clock.now()).toISOString();

/** @throws KilnError `nightly-failed`: the step, its cause, and how to go on. */
function failure(step: Step, error: KilnError, channel: string): KilnError {
  return new KilnError({
    code: 'nightly-failed',
    exitCode: error.exitCode,
    what: `the night failed at ${step}: ${error.message}`,
    hint: [
      ...(error.hint === undefined ? [] : [error.hint]),
      // What comes after it has the image in the channel already.
      ...(STEPS.indexOf(step) <= STEPS.indexOf('register') ? [`channel ${channel} is as it was`] : []),
      'resume it: kiln nightly --apply',
    ].join('\n'),
    faults: error.faults,
    cause: error,
  });
}

async function doStep(running: Running, next: Exclude<Next, Ended>): Promise<void> {
  const { night, journal, effects, clock, report, facts } = running;
  const { do: step, inputs } = next;
  journal.append({ event: 'started', step, inputs, at: timeOf(clock) });
  report({ event: 'step-started', step, inputs });
  const started = clock.now();
  const took = (): number => Math.max(0, Math.round(clock.now() - started));
  // The step and what it is given come from one member of a union; TypeScript cannot see them as a pair.
  const effect = effects[step] as (night: Night, given: Given[Step]) => Promise<Outputs[Step]>;
  let output: Outputs[Step];
  try {
    output = await effect(night, next.given);
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    const milliseconds = took();
    journal.append({
      event: 'failed',
      step,
      inputs,
      milliseconds,
      error: { code: error.code, message: error.message },
      at: timeOf(clock),
    });
    report({ event: 'step-failed', step, milliseconds, what: error.message });
    // A page that cannot be written must not hide why.
    await effects.report(night, { result: 'failed' }).catch(() => undefined);
    throw failure(step, error, facts.channel);
  }
  const milliseconds = took();
  journal.append({
    event: 'finished',
    step,
    inputs,
    milliseconds,
    output,
    at: timeOf(clock),
  } as Parameters<Journal['append']>[0]);
  report({ event: 'step-finished', step, milliseconds, output });
}

/**
 * Carries a night to its end, from wherever its journal says that it stands.
 * @throws KilnError `nightly-failed`.
 */
export async function runNight(running: Running): Promise<{ readonly end: Ended; readonly state: RunState }> {
  const { journal, facts, clock } = running;
  for (;;) {
    const state = stateOf(journal.read());
    const next = nextStep(state, facts);
    if (next.do === 'end') {
      if (state.ended === undefined) {
        journal.append({
          event: 'ended',
          result: next.result,
          refused: next.refused ?? null,
          lock: next.lock,
          sources: facts.sources,
          image: next.image ?? null,
          at: timeOf(clock),
        });
      }
      return { end: next, state };
    }
    await doStep(running, next);
  }
}
