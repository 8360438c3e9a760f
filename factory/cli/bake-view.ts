import type { BakeOutcome, BakeView, Explained } from '../bake/bake';
import { progressLine } from './progress-line';
import { noteFallback } from './vault';

/** Times a second that the running step's line is drawn on a terminal. */
const DRAWS = 4;

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

/** Steps as lines; on a terminal the running step counts its seconds in place. */
export function bakeView(stream: NodeJS.WriteStream, say: (line: string) => void): BakeView {
  const line = progressLine(stream);
  let timer: NodeJS.Timeout | undefined;
  const clear = (): void => {
    clearInterval(timer);
    timer = undefined;
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
    event(event) {
      clear();
      if (event.event === 'damaged') {
        say(`  ${event.what}`);
        return;
      }
      if (event.event === 'done') {
        const size = event.bytes === 0 ? '' : `, ${megabytes(event.bytes)}`;
        say(
          `  ${event.step.padEnd(26)} ${event.cached ? 'in the cache' : seconds(event.milliseconds)}${size}`,
        );
        return;
      }
      if (!stream.isTTY) return;
      const since = Date.now();
      timer = setInterval(() => {
        stream.write(`\r\u001b[K  ${event.step.padEnd(26)} … ${((Date.now() - since) / 1000).toFixed(0)} s`);
      }, 1000 / DRAWS);
      timer.unref();
    },
  };
}

export function outcomeText({ record, folder, baked }: BakeOutcome): string {
  return [
    baked ? `image ${record.digest}` : `nothing changed: image ${record.digest}`,
    `  ${megabytes(record.size)}, content ${record.contentId}`,
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
