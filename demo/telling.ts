import { z } from 'zod';
import { formatDuration, formatSize } from '../factory/units';

/* Which of a program's many lines a person wants to see; the log has them all. */

/** Of Terraform: what its provisioners say, and how it ended. */
export function tellTerraform(line: string): string | undefined {
  const said = /\(local-exec\): (.*)$/.exec(line)?.[1];
  if (said !== undefined) return said.startsWith('Executing:') ? undefined : said.trim();
  return /(Apply complete!|Destroy complete!|Error: ).*/.exec(line)?.[0];
}

const Told = z.discriminatedUnion('event', [
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
 * Of `kiln bake --json`'s events what moves on; elsewhere than on a terminal, where every line stays, a tenth of
 * the downloads and what is done. Any other line, an error's, is told as it is.
 */
export function tellBake(onTerminal: boolean): (line: string) => string | undefined {
  let tenth = -1;
  return (line) => {
    if (!line.startsWith('{')) return line;
    const { data: told } = Told.safeParse(JSON.parse(line));
    switch (told?.event) {
      case 'waiting':
        return `another bake runs (${told.holder}); waiting for it`;
      case 'fetching': {
        const now = Math.floor((10 * told.bytes) / Math.max(1, told.totalBytes));
        if (!onTerminal && now === tenth) return undefined;
        tenth = now;
        return `fetched ${formatSize(told.bytes)} of ${formatSize(told.totalBytes)}`;
      }
      case 'fallback':
        return `${told.input}: from ${told.from}`;
      case 'progress':
        return onTerminal ? `${told.step}: ${formatSize(told.bytes)}` : undefined;
      case 'damaged':
        return told.what;
      case 'done': {
        // Steps of the disk have no size of their own.
        const size = told.bytes === 0 ? '' : `, ${formatSize(told.bytes)}`;
        return `${told.step}: ${told.cached ? 'in the cache' : formatDuration(told.milliseconds)}${size}`;
      }
      default:
        return undefined;
    }
  };
}

/** Of a Spark driver's log: executors, finished jobs, and what went wrong. */
export function tellSpark(line: string): string | undefined {
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
