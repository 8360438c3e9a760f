import type { BakeOutcome, BakeView, Explained } from '../bake/bake';
import type { BakeEvent } from '../bake/events';
import type { StepBefore, StepsBefore } from '../bake/steps-before';
import { defined } from '../defined';
import { progressLine, span } from './progress-line';
import { noteFallback } from './vault';
import { formatDuration, formatSize } from '../units';

/** Milliseconds between two drawings of the running step's line on a terminal, and between two lines elsewhere. */
const DRAW = 250;
const LINE = 15_000;

export interface RunningStep {
  readonly step: string;
  /** Milliseconds. */
  readonly since: number;
  readonly progress?: Extract<BakeEvent, { event: 'progress' }>;
  readonly before?: StepBefore;
}

/** `os   210 of about 642 MB, 31 s, about 64 s left`: what is known of it, and no more. */
export function runningText({ step, since, progress, before }: RunningStep, now: number): string {
  const elapsed = now - since;
  const left = before === undefined ? 0 : before.milliseconds - elapsed;
  const of =
    progress?.total !== undefined
      ? ` of ${formatSize(progress.total)}`
      : before !== undefined && progress !== undefined && before.bytes > progress.bytes
        ? ` of about ${formatSize(before.bytes)}`
        : '';
  return [
    `  ${step.padEnd(26)} … ${[
      ...(progress === undefined ? [] : [`${formatSize(progress.bytes)}${of}`]),
      span(elapsed / 1000),
      ...(left > 0 ? [`about ${span(left / 1000)} left`] : []),
    ].join(', ')}`,
  ].join('');
}

function doneText(event: Extract<BakeEvent, { event: 'done' }>): string {
  const size = event.bytes === 0 ? '' : `, ${formatSize(event.bytes)}`;
  return `  ${event.step.padEnd(26)} ${event.cached ? 'in the cache' : formatDuration(event.milliseconds)}${size}`;
}

/** Steps as lines; the running one is drawn in place on a terminal, elsewhere said again from time to time. */
export function bakeView(stream: NodeJS.WriteStream, say: (line: string) => void): BakeView {
  const line = progressLine(stream);
  let before: StepsBefore = {};
  let running: RunningStep | undefined;
  let timer: NodeJS.Timeout | undefined;
  const draw = (): void => {
    if (running === undefined) return;
    const text = runningText(running, Date.now());
    if (stream.isTTY) stream.write(`\r\u001b[K${text}`);
    else say(text);
  };
  const clear = (): void => {
    clearInterval(timer);
    running = undefined;
    if (stream.isTTY) stream.write('\r\u001b[K');
  };
  return {
    waitingFor: (holder) => {
      say(`another bake of this project runs (${holder}); waiting for it`);
    },
    checking: () => undefined,
    fetching: line.show,
    fetched: line.end,
    fallback: noteFallback,
    begins: (steps) => {
      before = steps;
    },
    event(event) {
      switch (event.event) {
        case 'started': {
          const then = before[event.step];
          running = { step: event.step, since: Date.now(), ...defined({ before: then }) };
          timer = setInterval(draw, stream.isTTY ? DRAW : LINE);
          timer.unref();
          return;
        }
        case 'progress':
          if (running?.step === event.step) running = { ...running, progress: event };
          return;
        case 'note':
        case 'damaged':
          clear();
          say(`  ${event.what}`);
          return;
        case 'done':
          clear();
          say(doneText(event));
          return;
        case 'failed':
          // The error that ends the bake says it.
          clear();
      }
    },
  };
}

/** Every event as a line of JSON, for programs that follow a bake. */
export function jsonView(say: (line: string) => void): BakeView {
  const event = (value: object): void => {
    say(JSON.stringify(value));
  };
  return {
    waitingFor: (holder) => {
      event({ event: 'waiting', holder });
    },
    checking: (what) => {
      event({ event: 'checking', what });
    },
    fetching: (progress) => {
      event({ event: 'fetching', ...progress });
    },
    fetched: () => {
      event({ event: 'fetched' });
    },
    fallback: (input, from) => {
      event({ event: 'fallback', input: `${input.name} ${input.version}`, from });
    },
    begins: (before) => {
      event({ event: 'begins', before });
    },
    event,
  };
}

export function outcomeText({ record, folder, baked }: BakeOutcome): string {
  return [
    baked ? `image ${record.digest}` : `nothing changed: image ${record.digest}`,
    `  ${formatSize(record.size)}, content ${record.contentId}`,
    `  ${folder}`,
  ].join('\n');
}

export function explainText(layers: readonly Explained[]): string {
  return layers
    .map(({ layer, cached, because }) => {
      const why =
        because.length === 0
          ? ''
          : `: ${because.slice(0, 3).join('; ')}${because.length > 3 ? `; and ${String(because.length - 3)} more` : ''}`;
      return `  ${layer.padEnd(8)} ${cached ? 'in the cache' : 'to be built'}${why}`;
    })
    .join('\n');
}
