/** One figure of a bench against its goal; a ratio, so that it holds on any machine. */
export interface Result {
  readonly name: string;
  readonly ratio: number;
  /** The ratio must not be above it. */
  readonly goal: number;
  /** What was measured, in words and units. */
  readonly detail: string;
}

/** Of an odd number of values. */
export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

export const holds = ({ ratio, goal }: Result): boolean => ratio <= goal;
