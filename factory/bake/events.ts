import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

/** What a step that Packer started tells the bake that started Packer: a JSON line each. */
const BakeEvent = z.discriminatedUnion('event', [
  z.strictObject({ event: z.literal('started'), step: z.string() }),
  z.strictObject({
    event: z.literal('done'),
    step: z.string(),
    /** Taken from the cache. */
    cached: z.boolean(),
    milliseconds: z.int().nonnegative(),
    bytes: z.int().nonnegative(),
  }),
  /** How far a step has come: what its tree has by now, or what it has read. */
  z.strictObject({
    event: z.literal('progress'),
    step: z.string(),
    bytes: z.int().nonnegative(),
    /** Of how many, where that is known beforehand. */
    total: z.int().nonnegative().optional(),
  }),
  /** The step that ends the bake, in its own words. */
  z.strictObject({ event: z.literal('failed'), step: z.string(), what: z.string() }),
  /** What a person should know of a step that goes on. */
  z.strictObject({ event: z.literal('note'), step: z.string(), what: z.string() }),
  /** Something of the cache was not what was put there, and is made again. */
  z.strictObject({ event: z.literal('damaged'), step: z.string(), what: z.string() }),
]);
export type BakeEvent = z.infer<typeof BakeEvent>;

/** Environment variable that names the file. */
export const EVENTS = 'KILN_EVENTS';
/** Environment variable that names the bake's log. */
export const LOG = 'KILN_LOG';

export function report(event: BakeEvent, env: NodeJS.ProcessEnv = process.env): void {
  const file = env[EVENTS];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(event)}\n`);
}

/** Events after the first `seen` of the file; a line that is being written is left for the next look. */
export function eventsAfter(file: string, seen: number): BakeEvent[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .slice(seen)
    .map((line) => BakeEvent.parse(JSON.parse(line)));
}
