import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { Digest } from '../contracts/digest';
import { KilnError } from '../errors';
import { OUTPUTS, Previous, RESULTS, STEPS, type Outputs, type Step } from './steps';

const at = { at: z.iso.datetime() };
const step = { step: z.enum(STEPS), inputs: Digest };

const finished = <S extends Step>(name: S) =>
  z.strictObject({
    event: z.literal('finished'),
    step: z.literal(name),
    /** Digest over everything that the step's output depends on. */
    inputs: Digest,
    milliseconds: z.int().nonnegative(),
    output: OUTPUTS[name],
    ...at,
  });

const Began = z.strictObject({
  event: z.literal('began'),
  version: z.literal(1),
  run: z.string(),
  kiln: z.string(),
  previous: Previous.nullable(),
  ...at,
});
const Started = z.strictObject({ event: z.literal('started'), ...step, ...at });
const Finished = z.discriminatedUnion('step', [
  finished('refresh'),
  finished('bake'),
  finished('verify'),
  finished('reproduce'),
  finished('register'),
  finished('promote'),
  finished('propose'),
  finished('report'),
]);
const Failed = z.strictObject({
  event: z.literal('failed'),
  ...step,
  milliseconds: z.int().nonnegative(),
  error: z.strictObject({ code: z.string(), message: z.string() }),
  ...at,
});
const Ended = z.strictObject({
  event: z.literal('ended'),
  result: z.enum(RESULTS),
  /** The step that said no. */
  refused: z.enum(STEPS).nullable(),
  lock: Digest,
  sources: Digest,
  image: Digest.nullable(),
  ...at,
});

/** One line of a night's journal. */
export const JournalEntry = z.union([Began, Started, Finished, Failed, Ended]);
export type JournalEntry = z.infer<typeof JournalEntry>;

/** An append-only account of one night, from which a later process goes on. */
export interface Journal {
  read(): readonly JournalEntry[];
  /** On disk when it returns. */
  append(entry: JournalEntry): void;
}

/** The text up to the last line that was written whole: a killed process may have left half of one. */
const wholeLines = (text: string): string => text.slice(0, text.lastIndexOf('\n') + 1);

/** A journal as JSON lines. @throws KilnError `journal-damaged` naming the line. */
export function fileJournal(file: string): Journal {
  const text = (): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
      throw error;
    }
  };
  return {
    read: () =>
      wholeLines(text())
        .split('\n')
        .slice(0, -1)
        .map((line, index) => {
          try {
            return JournalEntry.parse(JSON.parse(line));
          } catch (cause) {
            throw new KilnError({
              code: 'journal-damaged',
              what: `${file}: line ${String(index + 1)} is none that kiln wrote`,
              hint: 'leave that night and begin another: kiln nightly --fresh --apply',
              cause,
            });
          }
        }),
    append(entry) {
      mkdirSync(dirname(file), { recursive: true });
      const before = text();
      const whole = wholeLines(before);
      if (whole.length < before.length) truncateSync(file, Buffer.byteLength(whole));
      const descriptor = openSync(file, 'a');
      try {
        writeSync(descriptor, `${JSON.stringify(JournalEntry.parse(entry))}\n`);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    },
  };
}

type FinishedStep<S extends Step> = {
  readonly inputs: string;
  readonly output: Outputs[S];
  readonly milliseconds: number;
};

/** What a journal comes to. */
export interface RunState {
  readonly began: z.infer<typeof Began> | undefined;
  /** The last time that each step was finished. */
  readonly finished: { readonly [S in Step]?: FinishedStep<S> };
  /** The last failure, unless something was finished after it. */
  readonly failed: z.infer<typeof Failed> | undefined;
  readonly ended: z.infer<typeof Ended> | undefined;
}

export function stateOf(entries: readonly JournalEntry[]): RunState {
  let state: RunState = { began: undefined, finished: {}, failed: undefined, ended: undefined };
  for (const entry of entries) {
    switch (entry.event) {
      case 'began':
        state = { ...state, began: entry };
        break;
      case 'started':
        break;
      case 'finished': {
        const { inputs, output, milliseconds } = entry;
        const done = { [entry.step]: { inputs, output, milliseconds } };
        state = { ...state, finished: { ...state.finished, ...done }, failed: undefined };
        break;
      }
      case 'failed':
        state = { ...state, failed: entry };
        break;
      case 'ended':
        state = { ...state, ended: entry };
    }
  }
  return state;
}
