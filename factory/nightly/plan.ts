import { createHash } from 'node:crypto';
import type { RunState } from './journal';
import type { Outputs, Previous, Result, Step } from './steps';

/** What a night is about, apart from what its own steps find out. */
export interface Facts {
  /** Digest of everything that decides what a resolution is asked for. */
  readonly asked: string;
  /** Digest of everything of a bake that is not in the lock: recipes, code package, the code that bakes. */
  readonly sources: string;
  readonly channel: string;
  readonly promote: readonly string[];
  readonly branch: string | undefined;
}

/** What a step is told beside the night it is of. */
export interface Given {
  readonly refresh: { readonly sources: string };
  readonly bake: { readonly lock: string };
  readonly verify: { readonly digest: string };
  readonly reproduce: { readonly digest: string };
  readonly register: { readonly digest: string; readonly channel: string };
  readonly promote: { readonly digest: string; readonly channels: readonly string[] };
  readonly propose: { readonly branch: string | undefined };
  readonly report: { readonly result: Result | 'failed' };
}

type Doing = {
  readonly [S in Step]: {
    readonly do: S;
    /** Digest over all that the step's output depends on: done once for the same, again for another. */
    readonly inputs: string;
    readonly given: Given[S];
  };
}[Step];

interface Ending {
  readonly do: 'end';
  readonly result: Result;
  readonly refused: Step | undefined;
  readonly lock: string;
  readonly image: string | undefined;
}

export type Next = Doing | Ending;

const digestOf = (...parts: readonly unknown[]): string =>
  `sha256:${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`;

export const isUnchanged = (lock: string, sources: string, previous: Previous | null): boolean =>
  previous?.lock === lock && previous.sources === sources;

/**
 * Pure: what comes next in a night. A step that was finished with the same inputs is not done again; one whose
 * inputs changed meanwhile is, and with it what hangs on it.
 */
export function nextStep(run: RunState, facts: Facts): Next {
  const { finished } = run;
  const previous = run.began?.previous ?? null;
  const done = <S extends Step>(step: S, inputs: string): Outputs[S] | undefined => {
    const found = finished[step];
    return found?.inputs === inputs ? found.output : undefined;
  };

  const forRefresh = digestOf('refresh', facts.asked, previous?.lock ?? null);
  const refreshed = done('refresh', forRefresh);
  if (refreshed === undefined)
    return { do: 'refresh', inputs: forRefresh, given: { sources: facts.sources } };
  const { lock } = refreshed;
  if (isUnchanged(lock, facts.sources, previous)) {
    return { do: 'end', result: 'unchanged', refused: undefined, lock, image: previous?.image };
  }

  const forBake = digestOf('bake', lock, facts.sources);
  const baked = done('bake', forBake);
  if (baked === undefined) return { do: 'bake', inputs: forBake, given: { lock } };
  const { digest } = baked;

  /** The last steps of a night: the report, then its end. */
  const finish = (result: Result, refused?: Step): Next => {
    const inputs = digestOf('report', result, refused ?? null, digest, facts.channel, facts.promote);
    if (done('report', inputs) === undefined) return { do: 'report', inputs, given: { result } };
    return { do: 'end', result, refused, lock, image: digest };
  };

  for (const step of ['verify', 'reproduce'] as const) {
    const inputs = digestOf(step, digest);
    const judged = done(step, inputs);
    if (judged === undefined) return { do: step, inputs, given: { digest } };
    if (!judged.ok) return finish('refused', step);
  }

  const forRegister = digestOf('register', digest, facts.channel);
  const registered = done('register', forRegister);
  if (registered === undefined)
    return { do: 'register', inputs: forRegister, given: { digest, channel: facts.channel } };
  if (!registered.taken) return finish('refused', 'register');

  const forPromote = digestOf('promote', digest, facts.promote);
  if (done('promote', forPromote) === undefined)
    return { do: 'promote', inputs: forPromote, given: { digest, channels: facts.promote } };

  const forPropose = digestOf('propose', lock, facts.branch ?? null);
  if (done('propose', forPropose) === undefined)
    return { do: 'propose', inputs: forPropose, given: { branch: facts.branch } };

  return finish('registered');
}
