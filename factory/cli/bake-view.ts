import type { BakeOutcome, BakeView } from '../bake/bake';
import type { BakeEvent } from '../bake/events';
import type { Explained } from '../bake/explain';
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

/** `210 of about 642 MB, 31 s, about 64 s left`: what is known of a step, and no more. */
function soFar({ since, progress, before }: RunningStep, now: number): string {
  const elapsed = now - since;
  const left = before === undefined ? 0 : before.milliseconds - elapsed;
  const of =
    progress?.total !== undefined
      ? ` of ${formatSize(progress.total)}`
      : before !== undefined && progress !== undefined && before.bytes > progress.bytes
        ? ` of about ${formatSize(before.bytes)}`
        : '';
  return [
    ...(progress === undefined ? [] : [`${formatSize(progress.bytes)}${of}`]),
    span(elapsed / 1000),
    ...(left > 0 ? [`about ${span(left / 1000)} left`] : []),
  ].join(', ');
}

/** A line of the steps that run. */
export function runningText(steps: readonly RunningStep[], now: number): string {
  const [first] = steps;
  if (first !== undefined && steps.length === 1) return `  ${first.step.padEnd(26)} … ${soFar(first, now)}`;
  return `  ${steps.map((each) => `${each.step} … ${soFar(each, now)}`).join('; ')}`;
}

function doneText(event: Extract<BakeEvent, { event: 'done' }>): string {
  const size = event.bytes === 0 ? '' : `, ${formatSize(event.bytes)}`;
  return `  ${event.step.padEnd(26)} ${event.cached ? 'in the cache' : formatDuration(event.milliseconds)}${size}`;
}

/** Steps as lines; those that run are drawn in place on a terminal, elsewhere said again from time to time. */
export function bakeView(stream: NodeJS.WriteStream, say: (line: string) => void): BakeView {
  const line = progressLine(stream);
  let before: StepsBefore = {};
  const running = new Map<string, RunningStep>();
  let timer: NodeJS.Timeout | undefined;
  const draw = (): void => {
    if (running.size === 0) return;
    const text = runningText([...running.values()], Date.now());
    // Cut where the terminal ends: a line that goes on below could not be drawn again.
    if (stream.isTTY) stream.write(`\r\u001b[K${text.slice(0, stream.columns - 1)}`);
    else say(text);
  };
  const clear = (step?: string): void => {
    if (step !== undefined) running.delete(step);
    if (running.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
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
          running.set(event.step, {
            step: event.step,
            since: Date.now(),
            ...defined({ before: then }),
          });
          timer ??= setInterval(draw, stream.isTTY ? DRAW : LINE).unref();
          return;
        }
        case 'progress': {
          const step = running.get(event.step);
          if (step !== undefined) running.set(event.step, { ...step, progress: event });
          return;
        }
        case 'note':
        case 'damaged':
          clear();
          say(`  ${event.what}`);
          return;
        case 'done':
          clear(event.step);
          say(doneText(event));
          return;
        case 'failed':
          // The error that ends the bake says it.
          clear(event.step);
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
    .map(({ layer, key, cached, because }) => {
      const why =
        because.length === 0
          ? ''
          : `: ${because.slice(0, 3).join('; ')}${because.length > 3 ? `; and ${String(because.length - 3)} more` : ''}`;
      return `  ${layer.padEnd(8)} ${cached ? 'in the cache' : key === null ? 'waits for what it sees' : 'to be built'}${why}`;
    })
    .join('\n');
}
