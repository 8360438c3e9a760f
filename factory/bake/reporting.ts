import { KilnError } from '../errors';
import type { Exec } from '../ports/machine/exec';
import { report } from './events';

/** Milliseconds between two counts of a growing tree: `du` takes 60 ms for the largest. */
const BEAT = 2000;

/** Errors that were reported as those of a step: whoever waits for that step hands them on. */
const reported = new WeakSet<KilnError>();

/**
 * Reports to the bake that a step failed and why, once, before its error goes on.
 * @param cancelled a step that was ended since another failed is not to blame.
 */
export async function reportingFailure<T>(
  step: () => string,
  work: () => Promise<T>,
  cancelled?: AbortSignal,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KilnError && !reported.has(error) && cancelled?.aborted !== true) {
      reported.add(error);
      report({ event: 'failed', step: step(), what: error.message });
    }
    throw error;
  }
}

/** Reports how many bytes a folder has, over and over, until stopped. */
export function reportingGrowth(exec: Exec, step: string, folder: string): () => void {
  let stopped = false;
  const count = async (): Promise<void> => {
    // Files come and go while it looks: then it ends with 1 and counted the others.
    const { stdout } = await exec.run('du', ['--summarize', '--block-size=1', folder], { accept: [0, 1] });
    const bytes = Number(stdout.split('\t')[0]);
    if (!stopped && Number.isSafeInteger(bytes)) report({ event: 'progress', step, bytes });
  };
  const beat = (): void => {
    timer = setTimeout(() => {
      // Progress that cannot be counted is not worth a bake.
      void count()
        .catch(() => undefined)
        .then(() => {
          if (!stopped) beat();
        });
    }, BEAT);
  };
  let timer: NodeJS.Timeout | undefined;
  beat();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
