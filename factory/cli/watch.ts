import { setTimeout as sleep } from 'node:timers/promises';

/* ECMA-48 and xterm's control sequences. */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const REST_OF_LINE = '\u001b[K';
const REST_OF_SCREEN = '\u001b[J';

/** Only the first characters of a line: what is told is of one column a character. */
const cut = (line: string, columns: number): string => Array.from(line).slice(0, columns).join('');

/** Text as a screen of so many rows and columns shows it, over whatever stood there. */
export function frame(text: string, rows: number, columns: number): string {
  const lines = text.split('\n');
  const shown = lines.length <= rows ? lines : [...lines.slice(0, rows - 1), '…'];
  return `${HOME}${shown.map((line) => cut(line, columns) + REST_OF_LINE).join('\r\n')}${REST_OF_SCREEN}`;
}

/**
 * Draws a text anew every `seconds`, on a screen of its own, until Ctrl-C (or a signal to end); the terminal is then
 * as it was.
 * @throws what `text` throws, with the terminal as it was.
 */
export async function watch(
  stream: NodeJS.WriteStream,
  seconds: number,
  text: () => Promise<string>,
): Promise<void> {
  const stop = new AbortController();
  const end = (): void => {
    stop.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, end);
  stream.write(ENTER);
  let last = '';
  const draw = (): void => {
    stream.write(frame(last, stream.rows, stream.columns));
  };
  stream.on('resize', draw);
  try {
    while (!stop.signal.aborted) {
      last = await text();
      draw();
      await sleep(seconds * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    stream.off('resize', draw);
    stream.write(LEAVE);
    for (const signal of signals) process.off(signal, end);
  }
}
