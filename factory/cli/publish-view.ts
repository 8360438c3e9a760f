import type { PublishEvent } from '../publish/event';
import { progressLine } from './progress-line';

/** Steps as lines, the running one in place on a terminal; or every event as a line of JSON. */
export function publishView(
  stream: NodeJS.WriteStream,
  json: boolean,
  say: (line: string) => void,
): { readonly event: (event: PublishEvent) => void; readonly end: () => void } {
  let line: { readonly step: string; readonly of: ReturnType<typeof progressLine> } | undefined;
  const end = (): void => {
    line?.of.end();
    line = undefined;
  };
  const event = (each: PublishEvent): void => {
    if (json) {
      say(JSON.stringify(each));
      return;
    }
    if (each.event === 'retry') return;
    const step = `${each.region === undefined ? '' : `${each.region}: `}${each.step}`;
    if (each.event === 'progress') {
      if (line?.step !== step) {
        end();
        line = { step, of: progressLine(stream, step) };
      }
      line.of.show(each);
      return;
    }
    end();
    say(
      `  ${step}${each.event === 'done' ? ': done' : ''}${each.detail === undefined ? '' : `  ${each.detail}`}`,
    );
  };
  return { event, end };
}
