import { setTimeout } from 'node:timers/promises';
import type { Clock } from './clock';

/** Waiting and chance, so that backoff can be tested without waiting. */
export interface Pause extends Clock {
  /** @param milliseconds at least so long. */
  sleep(milliseconds: number): Promise<void>;
  /** From 0 up to but not including 1. */
  random(): number;
}

export const hostPause: Pause = {
  now: () => Date.now(),
  sleep: async (milliseconds) => {
    await setTimeout(milliseconds);
  },
  random: () => Math.random(),
};
