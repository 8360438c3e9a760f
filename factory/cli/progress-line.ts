import type { FetchProgress } from '../progress';
import { formatSize } from '../units';

export function span(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${String(whole)} s` : `${String(Math.floor(whole / 60))} min ${String(whole % 60)} s`;
}

/** `fetching 12/360, 130 MiB of 2.1 GiB, 45 MiB/s, 44 s left`. */
function describe(verb: string, p: FetchProgress): string {
  return [
    `${verb} ${String(p.done)}/${String(p.total)}`,
    `${formatSize(p.bytes)} of ${formatSize(p.totalBytes)}`,
    ...(p.rate > 0 ? [`${formatSize(p.rate)}/s`] : []),
    ...(p.remaining === undefined || p.done === p.total ? [] : [`${span(p.remaining)} left`]),
  ].join(', ');
}

/** One line that rewrites itself on a terminal; elsewhere a plain line for every tenth of the way. */
export function progressLine(
  stream: NodeJS.WriteStream,
  verb = 'fetching',
): {
  readonly show: (progress: FetchProgress) => void;
  readonly end: () => void;
} {
  let tenth = -1;
  let open = false;
  return {
    show(progress) {
      if (stream.isTTY) {
        open = true;
        stream.write(`\r\u001b[K${describe(verb, progress)}`);
        return;
      }
      const now = Math.floor((10 * progress.bytes) / Math.max(1, progress.totalBytes));
      if (now === tenth) return;
      tenth = now;
      stream.write(`${describe(verb, progress)}\n`);
    },
    end() {
      if (open) stream.write('\n');
      open = false;
    },
  };
}
