import type { ImageRecord } from '../../contracts/record';
import type { Verdict } from '../../contracts/verdict';

/** All that a gate may look at. */
export interface Evidence {
  readonly record: ImageRecord;
  /** Of this image only, in any order. */
  readonly verdicts: readonly Verdict[];
}

export interface GateResult {
  readonly kind: string;
  readonly holds: boolean;
  readonly detail: string;
  /** What to do when it does not hold. */
  readonly hint?: string;
}

/** The newest verdict of a kind on this image: it alone counts, so that a later failure is not outvoted. */
export const newestVerdict = ({ record, verdicts }: Evidence, kind: string): Verdict | undefined =>
  verdicts
    .filter((verdict) => verdict.kind === kind && verdict.digest === record.digest)
    .sort((a, b) => a.at.localeCompare(b.at))
    .at(-1);
