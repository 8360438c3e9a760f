import { z } from 'zod';
import { KilnError } from '../errors';
import type { ClusterPaths } from './cluster';
import type { Machinery } from './machinery';
import { enterWords } from './submit';
import { formatDuration } from '../units';

/** What `kiln-node canary --json` answers. */
const Answer = z.object({
  seconds: z.number(),
  proved: z.array(z.string()),
  missing: z.array(z.string()),
  /** What a table showed that executors wrote and read back; absent from older images. */
  table: z.string().optional(),
  /** false: it was known already of these very workers. */
  ran: z.boolean(),
});
export type Canary = z.infer<typeof Answer>;

/** Seconds; a JVM takes seconds to start, in emulation minutes. */
const LONGEST = 300;

/**
 * Has the master run a small job with an executor on every worker, unless that is known of these workers already.
 * @param left seconds that it may take.
 * @returns null where the master's machine cannot be entered from here.
 * @throws KilnError `canary-failed` with what the node says, and which workers ran nothing.
 */
export async function prove(
  machinery: Machinery,
  paths: ClusterPaths,
  left: number,
  onStep: (line: string) => void,
): Promise<Canary | null> {
  const timeout = Math.round(Math.min(left, LONGEST));
  const words = ['/usr/lib/kiln/kiln-node', 'canary', '--json', '--timeout', String(timeout)];
  const entered = await enterWords(machinery, paths, words).catch((error: unknown) => {
    if (error instanceof KilnError && error.code === 'no-way-in') return undefined;
    throw error;
  });
  if (entered === undefined) {
    onStep('canary: not run, the master cannot be entered from here; on it: /usr/lib/kiln/kiln-node canary');
    return null;
  }
  onStep('canary: a small job runs an executor on every worker');
  const [program = '', ...args] = entered.words;
  const { code, stdout, stderr } = await entered.sandbox.run(program, args, {
    accept: [0, 1],
    timeout: (timeout + 30) * 1000,
  });
  const answer = parse(stdout);
  if (code === 0 && answer !== undefined) {
    onStep(
      answer.ran
        ? `canary: ran on ${String(answer.proved.length)} workers in ${formatDuration(1000 * answer.seconds)}${answer.table === undefined ? '' : `; ${answer.table}`}`
        : `canary: ran on these ${String(answer.proved.length)} workers before`,
    );
    return answer;
  }
  throw new KilnError({
    code: 'canary-failed',
    what:
      answer === undefined
        ? `the workers of ${paths.cluster} are registered, but no job could be run on them\n${stderr.trim()}`
        : `the workers of ${paths.cluster} are registered, but no executor ran on ${answer.missing.join(', ')}`,
    hint: `again by hand: kiln machines exec --cluster ${paths.cluster} -- /usr/lib/kiln/kiln-node canary --again; without it: --no-canary`,
  });
}

function parse(text: string): Canary | undefined {
  try {
    return Answer.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
