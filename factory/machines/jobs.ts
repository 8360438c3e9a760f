import { z } from 'zod';
import { defined } from '../defined';
import { KilnError } from '../errors';
import type { RunResult } from '../ports/machine/exec';
import { type ClusterPaths } from './cluster';
import type { Machinery } from './machinery';
import { enterWords } from './submit';

/** On every node (images/rootfs/usr/lib/kiln/kiln_node/jobs/cli.py). */
const NODE = '/usr/lib/kiln/kiln-node';
const SUBMIT = '/usr/bin/kiln-submit';

/** A job's record, as its node keeps it (kiln_node/jobs/record.py); times are seconds since 1970. */
const Job = z.object({
  version: z.literal(1),
  id: z.string(),
  name: z.string(),
  /** What was submitted, without secrets. */
  argv: z.array(z.string()),
  /** Whether it is kiln's own, such as the canary. */
  internal: z.boolean(),
  state: z.enum(['submitted', 'running', 'succeeded', 'failed', 'cancelled', 'lost']),
  submitted: z.object({ at: z.number(), by: z.string(), mode: z.enum(['attached', 'detached']) }),
  started: z.number().nullable(),
  ended: z.number().nullable(),
  /** Spark's ID of it, once its driver has one. */
  application: z.string().nullable(),
  end: z
    .object({
      /** What `kiln run` ends with. */
      code: z.int(),
      signal: z.string().nullable(),
      cause: z.enum([
        'exit',
        'signal',
        'killed',
        'memory',
        'cancelled',
        'caller',
        'stopped',
        'start',
        'lost',
      ]),
      /** In words; empty for a success. */
      what: z.string(),
    })
    .nullable(),
});
export type Job = z.infer<typeof Job>;

const Submitted = z.object({ id: z.string(), name: z.string(), unit: z.string() });
type Submitted = z.infer<typeof Submitted>;

/** Of a program that says itself what is wrong: every exit code is an answer. */
const ANY = Array.from({ length: 256 }, (_, code) => code);

async function ask(
  machinery: Machinery,
  paths: ClusterPaths,
  command: readonly string[],
): Promise<RunResult> {
  const { sandbox, words } = await enterWords(machinery, paths, command);
  const [program = '', ...args] = words;
  return sandbox.run(program, args, { accept: ANY });
}

function read<T>(schema: z.ZodType<T>, { stdout, stderr, code }: RunResult, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    value = undefined;
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const lines = stderr.trim();
  throw new KilnError({
    code: 'jobs-failed',
    what: `${what}: the master's machine answered with exit code ${String(code)}${lines === '' ? '' : `\n${lines}`}`,
    hint: 'an image from before jobs had IDs cannot answer: deploy a current one',
  });
}

/** What a node says on standard error of a request that it refuses: the sentence, and what to do. */
function refusal(stderr: string): { readonly what: string; readonly hint: string | undefined } {
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => line.trim());
  const hint = lines.find((line) => line.startsWith('what to do: '))?.slice('what to do: '.length);
  const what = (lines[0] ?? '').replace(/^kiln-submit: /, '');
  return { what: what === '' ? 'the node gave no reason' : what, hint: hint };
}

/**
 * Jobs of a cluster, oldest first.
 * @param all those that have ended, too. @default false
 * @throws KilnError as `enterWords`; `jobs-failed`.
 */
export async function listJobs(
  machinery: Machinery,
  paths: ClusterPaths,
  { all = false }: { readonly all?: boolean } = {},
): Promise<readonly Job[]> {
  const words = [NODE, 'jobs', 'list', '--json', ...(all ? ['--all'] : [])];
  return read(z.array(Job), await ask(machinery, paths, words), `jobs of ${paths.cluster}`);
}

/**
 * Ends a job and returns once nothing of it is left.
 * @param id the job's ID, the beginning of it, or its last four letters.
 * @throws KilnError `job-not-cancelled` (exit code 1) when there is no such job, or it has ended; as `enterWords`.
 */
export async function cancelJob(
  machinery: Machinery,
  paths: ClusterPaths,
  id: string,
  { now = false }: { readonly now?: boolean } = {},
): Promise<Job> {
  const words = [
    NODE,
    'jobs',
    'cancel',
    '--json',
    '--by',
    'kiln cancel',
    ...(now ? ['--now'] : []),
    '--',
    id,
  ];
  const result = await ask(machinery, paths, words);
  if (result.code === 0) return read(Job, result, `cancelling ${id}`);
  throw new KilnError({
    code: 'job-not-cancelled',
    what: refusal(result.stderr).what,
    hint: `kiln jobs ${paths.cluster} --all lists its jobs`,
    exitCode: result.code === 1 ? 1 : 3,
  });
}

/**
 * Submits a job that goes on without this process; returns when its driver has started.
 * @param args of kiln-submit.
 * @throws KilnError `job-not-started` with the node's own reason and exit code; as `enterWords`.
 */
export async function submitDetached(
  machinery: Machinery,
  paths: ClusterPaths,
  args: readonly string[],
): Promise<Submitted> {
  const result = await ask(machinery, paths, [SUBMIT, '--detach', '--json', ...args]);
  if (result.code === 0) return read(Submitted, result, 'submitting');
  const { what, hint } = refusal(result.stderr);
  throw new KilnError({
    code: 'job-not-started',
    what,
    ...defined({ hint }),
    exitCode: result.code === 2 ? 2 : 3,
  });
}

/** The words that show what a job's driver wrote, for the sandbox's `attach`. @throws KilnError as `enterWords`. */
export const logsWords = (
  machinery: Machinery,
  paths: ClusterPaths,
  id: string,
  options: { readonly follow: boolean; readonly only?: 'stdout' | 'stderr' },
): ReturnType<typeof enterWords> =>
  enterWords(machinery, paths, [
    ...[NODE, 'jobs', 'logs'],
    ...(options.follow ? ['--follow'] : []),
    ...(options.only === undefined ? [] : [`--${options.only}`]),
    ...['--', id],
  ]);
