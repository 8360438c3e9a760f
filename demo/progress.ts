import { z } from 'zod';
import { formatDuration, formatSize } from '../factory/units';

/* Which of a program's many lines a person wants to see; the log has them all. */

/** Of Terraform: what its provisioners say, and how it ended. */
export function showTerraform(line: string): string | undefined {
  const said = /\(local-exec\): (.*)$/.exec(line)?.[1];
  if (said !== undefined) return said.startsWith('Executing:') ? undefined : said.trim();
  return /(Apply complete!|Destroy complete!|Error: ).*/.exec(line)?.[0];
}

const BakeEvent = z.discriminatedUnion('event', [
  z.object({ event: z.literal('waiting'), holder: z.string() }),
  z.object({ event: z.literal('fetching'), bytes: z.number(), totalBytes: z.number() }),
  z.object({ event: z.literal('fallback'), input: z.string(), from: z.string() }),
  z.object({ event: z.literal('progress'), step: z.string(), bytes: z.number() }),
  z.object({ event: z.literal('damaged'), what: z.string() }),
  z.object({
    event: z.literal('done'),
    step: z.string(),
    cached: z.boolean(),
    milliseconds: z.number(),
    bytes: z.number(),
  }),
]);

/**
 * Of `kiln bake --json`'s events what moves on; where the output is no terminal, and every line stays, a tenth of
 * the downloads and what is done. Any other line, an error's, is shown as it is.
 */
export function showBake(onTerminal: boolean): (line: string) => string | undefined {
  let tenth = -1;
  return (line) => {
    if (!line.startsWith('{')) return line;
    const { data: event } = BakeEvent.safeParse(JSON.parse(line));
    switch (event?.event) {
      case 'waiting':
        return `another bake runs (${event.holder}); waiting for it`;
      case 'fetching': {
        const now = Math.floor((10 * event.bytes) / Math.max(1, event.totalBytes));
        if (!onTerminal && now === tenth) return undefined;
        tenth = now;
        return `fetched ${formatSize(event.bytes)} of ${formatSize(event.totalBytes)}`;
      }
      case 'fallback':
        return `${event.input}: from ${event.from}`;
      case 'progress':
        return onTerminal ? `${event.step}: ${formatSize(event.bytes)}` : undefined;
      case 'damaged':
        return event.what;
      case 'done': {
        // Steps of the disk have no size of their own.
        const size = event.bytes === 0 ? '' : `, ${formatSize(event.bytes)}`;
        return `${event.step}: ${event.cached ? 'in the cache' : formatDuration(event.milliseconds)}${size}`;
      }
      default:
        return undefined;
    }
  };
}

/** Of a Spark driver's log: executors, finished jobs, and what went wrong. */
export function showSpark(line: string): string | undefined {
  const logged = /^\d\d\/\d\d\/\d\d [\d:]+ (INFO|WARN|ERROR) (\w+)\S*: (.*)$/.exec(line);
  if (logged === null) return undefined;
  const [, level, , message = ''] = logged;
  if (level === 'ERROR') return message;
  const executor = /^Granted executor ID \S+ on hostPort ([^:]+):\d+ with (.*)$/.exec(message);
  if (executor !== null) return `executor on ${executor[1] ?? ''}: ${executor[2] ?? ''}`;
  const job = /^Job (\d+) finished: .* took ([\d.]+) ms$/.exec(message);
  if (job !== null) return `Spark job ${job[1] ?? ''} done in ${formatDuration(Number(job[2]))}`;
  return /^Running Spark version .*$/.exec(message)?.[0];
}
