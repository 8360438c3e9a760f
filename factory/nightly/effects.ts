import type { Given } from './plan';
import type { Outputs, Previous, Step } from './steps';

/** One night and where its files are. */
export interface Night {
  /** Names it; sorts by time. */
  readonly run: string;
  /** Folder of the journal and of all that the night leaves, absolute. */
  readonly folder: string;
  /** When it began, milliseconds since the epoch. */
  readonly began: number;
  readonly previous: Previous | null;
}

/**
 * What the steps do to the world. Each may be done again after a kill that came before its end was written down,
 * and must then come to the same.
 */
export type Effects = {
  readonly [S in Step]: (night: Night, given: Given[S]) => Promise<Outputs[S]>;
};
