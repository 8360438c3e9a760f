import { AwsError } from './api/aws-error';
import type { Pause } from '../../ports/machine/pause';
import { explainAws } from './errors';

export interface Persistence {
  readonly pause: Pause;
  /** For messages. */
  readonly region: string;
  /** Milliseconds after which nothing is tried again; default: 2 minutes. */
  readonly within?: number;
  /** Further answers that are worth another try: what AWS does not know yet. */
  readonly also?: (error: AwsError) => boolean;
  readonly onRetry?: (error: AwsError) => void;
}

const FIRST = 100;
const MOST = 10_000;

/**
 * Tries a call again while AWS throttles it, fails by itself or does not answer: after a random part of a wait that
 * doubles from 0.1 s to 10 s, so that many callers do not come back all at once.
 * @throws KilnError what the last answer means and what to do (errors.ts); KilnErrors pass.
 */
export async function persist<T>(
  doing: string,
  call: () => Promise<T>,
  { pause, region, within = 120_000, also = () => false, onRetry }: Persistence,
): Promise<T> {
  const start = pause.now();
  for (let tries = 1, wait = FIRST; ; tries += 1, wait = Math.min(2 * wait, MOST)) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const worthwhile = error.fault === 'throttled' || error.fault === 'unavailable' || also(error);
      const nap = 1 + pause.random() * wait;
      const tried = pause.now() - start;
      if (!worthwhile || tried + nap > within) {
        throw explainAws(error, {
          doing,
          region,
          ...(worthwhile ? { tried: { times: tries, milliseconds: tried } } : {}),
        });
      }
      onRetry?.(error);
      await pause.sleep(nap);
    }
  }
}

/** Asks until an answer is there. @throws KilnError `aws-slow` after `within` milliseconds. */
export async function until<T>(
  ask: () => Promise<T | undefined>,
  { pause, within, late }: { readonly pause: Pause; readonly within: number; readonly late: () => Error },
): Promise<T> {
  const start = pause.now();
  for (let wait = 1000; ; wait = Math.min(wait * 1.5, 15_000)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (pause.now() - start > within) throw late();
    await pause.sleep(wait);
  }
}
