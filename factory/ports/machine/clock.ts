/** Time, so that rates and remaining times can be tested without waiting. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

export const hostClock: Clock = { now: () => Date.now() };
