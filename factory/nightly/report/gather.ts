import type { Project } from '../../project';
import type { Night } from '../effects';
import { type RunState, stateOf } from '../journal';
import { journalOf, nightNames } from '../nights';
import { readChange } from '../propose-change';
import { STEPS, type Result, type Step } from '../steps';
import type { PastNight, ReportData } from './data';

/** Nights that a page looks back at. */
const LOOK_BACK = 90;

function pastNight(run: string, { began, finished, ended }: RunState): PastNight | undefined {
  if (began === undefined) return undefined;
  const bake = finished.bake?.output;
  return {
    run,
    at: began.at,
    result: ended?.result ?? 'unfinished',
    digest: bake?.digest,
    size: bake?.size,
  };
}

/** The nights of a project, oldest first; one whose journal cannot be read is left out. */
function pastNights(project: Project): readonly PastNight[] {
  return nightNames(project)
    .slice(-LOOK_BACK)
    .flatMap((run) => {
      try {
        return pastNight(run, stateOf(journalOf(project, run).read())) ?? [];
      } catch {
        return [];
      }
    });
}

const refusal = (finished: RunState['finished'], step: Step): string => {
  const judged = step === 'verify' || step === 'reproduce' ? finished[step]?.output : undefined;
  if (judged !== undefined)
    return judged.checks
      .filter(({ ok }) => !ok)
      .map(({ name, detail }) => `${name}: ${detail}`)
      .join('; ');
  const gates = finished.register?.output.gates.filter(({ holds }) => !holds) ?? [];
  return gates.map(({ kind, detail }) => `gate ${kind}: ${detail}`).join('; ');
};

function causeOf({ finished, failed }: RunState, result: ReportData['result']): ReportData['cause'] {
  if (result === 'failed' && failed !== undefined) return { step: failed.step, what: failed.error.message };
  if (result !== 'refused') return undefined;
  const step: Step =
    finished.verify?.output.ok === false
      ? 'verify'
      : finished.reproduce?.output.ok === false
        ? 'reproduce'
        : 'register';
  return { step, what: refusal(finished, step) };
}

/** What a night's page tells, from what it wrote down. */
export function gather(
  project: Project,
  night: Night,
  result: Result | 'failed',
  about: { readonly image: string; readonly channel: string; readonly host: string },
): ReportData {
  const state = stateOf(journalOf(project, night.run).read());
  const { finished, began } = state;
  const own = pastNight(night.run, state);
  const nights = pastNights(project).filter(({ run }) => run !== night.run);
  const named: PastNight['result'] = result === 'failed' ? 'unfinished' : result;
  return {
    ...about,
    run: night.run,
    began: new Date(night.began).toISOString(),
    kiln: began?.kiln ?? 'unknown',
    result,
    cause: causeOf(state, result),
    previous: night.previous,
    change: readChange(night),
    bake: finished.bake?.output,
    verify: finished.verify?.output,
    reproduce: finished.reproduce?.output,
    moves: [
      ...(finished.register === undefined ? [] : [finished.register.output]),
      ...(finished.promote?.output.moves ?? []),
    ],
    proposal: finished.propose?.output,
    timings: STEPS.flatMap((step) => {
      const done = finished[step];
      return done === undefined ? [] : [{ step, milliseconds: done.milliseconds }];
    }),
    nights: own === undefined ? nights : [...nights, { ...own, result: named }],
  };
}
