import type { Step } from '../nightly/steps';
import type { NightEnd, NightPlan, NightView } from './nightly-world';
import { span } from './progress-line';
import { formatDuration, formatSize } from '../units';

/** Packages listed one by one; a longer list is for the page and the diff. */
const LISTED = 40;
/** Milliseconds between two words on what a step downloads. */
const BEAT = 10_000;

function parsed(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** A step of the bake as one line, where it is worth one. */
function bakeLine(event: Record<string, unknown>): string | undefined {
  const { event: kind, step, cached, milliseconds, what } = event;
  if (kind === 'done' && typeof step === 'string')
    return `${step.padEnd(26)} ${cached === true ? 'in the cache' : formatDuration(Number(milliseconds))}`;
  if (kind === 'damaged' && typeof what === 'string') return what;
  return undefined;
}

const fetchLine = ({ done, total, bytes, totalBytes }: Record<string, unknown>): string =>
  `fetching ${String(done)}/${String(total)}, ${formatSize(Number(bytes))} of ${formatSize(Number(totalBytes))}`;

/** Progress of a night: one JSON event per line for programs, words for people. */
export function nightView(json: boolean, say: (line: string) => void): NightView {
  let told = 0;
  if (json) {
    const event = (value: object): void => {
      say(JSON.stringify(value));
    };
    return {
      report: event,
      progress: (step, line) => {
        const detail = parsed(line);
        event({ event: 'progress', step, ...(detail === undefined ? { line } : { detail }) });
      },
    };
  }
  return {
    report(event) {
      switch (event.event) {
        case 'night-began':
          say(`night ${event.run}`);
          return;
        case 'night-resumed':
          say(`night ${event.run}: goes on at ${event.at}`);
          return;
        case 'step-started':
          say(`${event.step} …`);
          return;
        case 'step-finished':
          say(`${event.step}: ${span(event.milliseconds / 1000)}`);
          return;
        case 'step-failed':
          say(`${event.step}: FAILED after ${span(event.milliseconds / 1000)}`);
      }
    },
    progress(_step, line) {
      const event = parsed(line);
      if (event === undefined) {
        say(`  ${line}`);
        return;
      }
      if (event['event'] === 'fetching') {
        if (Date.now() - told < BEAT) return;
        told = Date.now();
        say(`  ${fetchLine(event)}`);
        return;
      }
      const text = bakeLine(event);
      if (text !== undefined) say(`  ${text}`);
    },
  };
}

const short = (digest: string): string => digest.slice(0, 'sha256:'.length + 12);

function road({ channel, promote, branch }: NightPlan, from: Step | 'end'): string {
  const steps: (readonly [Step, string])[] = [
    ['refresh', 'look for newer inputs'],
    ['bake', 'bake'],
    ['verify', 'boot it'],
    ['reproduce', 'bake it again and compare'],
    ['register', `register it in ${channel}`],
    ...(promote.length === 0
      ? []
      : ([['promote', `promote it to ${promote.join(', then ')} as far as the gates hold`]] as const)),
    ...(branch === null ? [] : ([['propose', `commit the lock to branch ${branch}`]] as const)),
    ['report', 'write the page'],
  ];
  const first = steps.findIndex(([step]) => step === from);
  return (first === -1 ? [] : steps.slice(first)).map(([, what]) => what).join(' -> ');
}

export function planText(plan: NightPlan): string {
  const end = 'nothing was changed; with --apply it is done';
  if (plan.resumes !== null) {
    const { run, at } = plan.resumes;
    return [
      `night ${run} is unfinished and goes on: ${at === 'end' ? 'it only ends' : road(plan, at)}`,
      end,
    ].join('\n');
  }
  if (plan.unchanged === true)
    return 'nothing changed since the last image: with --apply, nothing would be done';
  const { change } = plan;
  const lines: string[] = [];
  if (change !== null) {
    const { packages, choices, layers, since } = change;
    lines.push(
      since.what === 'nothing'
        ? `${String(packages.length)} packages, there was no lock before`
        : `${String(packages.length)} packages changed since ${since.what} ${since.name}`,
      ...choices.map(({ name, from, to }) => `  ${name}: ${from ?? 'none'} -> ${to}`),
      ...packages
        .slice(0, LISTED)
        .map(
          ({ source, name, from, to, reason }) =>
            `  ${source} ${name}: ${from ?? 'new'} -> ${to ?? 'removed'} (${reason})`,
        ),
      ...(packages.length > LISTED ? [`  … and ${String(packages.length - LISTED)} more: --json`] : []),
      `layers built again: ${
        layers
          .filter(({ rebuilt }) => rebuilt)
          .map(({ layer }) => layer)
          .join(', ') || 'none'
      }`,
    );
  }
  return [...lines, road(plan, 'bake'), end].join('\n');
}

export function endText(end: NightEnd): string {
  const { result, run, image, moves, report, branch, refused, folder } = end;
  if (result === 'unchanged') return `nothing changed: ${image === null ? 'no image' : image}`;
  return [
    result === 'registered'
      ? `night ${run}: ${image ?? ''}`
      : `night ${run}: REFUSED at ${String(refused)}: ${image ?? ''}`,
    ...moves.map(({ channel, from, taken, gates }) =>
      taken
        ? `  ${channel}: ${from === null ? 'nothing yet' : short(from)} -> ${short(image ?? '')}`
        : `  ${channel} held back: ${gates
            .filter(({ holds }) => !holds)
            .map(({ kind, detail }) => `${kind}: ${detail}`)
            .join('; ')}`,
    ),
    ...(branch === null ? [`  proposal: ${folder}/change.diff`] : [`  proposal: branch ${branch}`]),
    ...(report === null ? [] : [`  page: ${report}`]),
  ].join('\n');
}
