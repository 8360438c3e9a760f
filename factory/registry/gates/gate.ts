import type { ChannelEntry } from '../../contracts/channel';
import type { ImageRecord } from '../../contracts/record';
import type { Spec } from '../../contracts/spec';
import type { Verdict } from '../../contracts/verdict';

/** What a program of a `command` gate answered. */
export interface CommandAnswer {
  readonly code: number;
  /** Its last line on standard output or error. */
  readonly said: string;
}

/** All that a gate may look at. */
export interface Evidence {
  readonly record: ImageRecord;
  /** Of this image only, in any order. */
  readonly verdicts: readonly Verdict[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The channel before the one that is asked, in the order of factory.yaml. */
  readonly previous: string | undefined;
  /** Logs of the project's channels. */
  readonly logs: ReadonlyMap<string, readonly ChannelEntry[]>;
  /** What factory.yaml says of parts that are past their end of life. */
  readonly endOfLife: Spec['endOfLife'];
  /** Runs a program in the project's folder. */
  readonly run: (words: readonly string[], seconds: number) => Promise<CommandAnswer>;
}

export interface GateResult {
  readonly kind: string;
  /** What `--override` calls it, where that is not the kind. */
  readonly name?: string;
  readonly holds: boolean;
  readonly detail: string;
  /** What to do when it does not hold. */
  readonly hint?: string;
  /** It does not hold, and somebody answers for that. */
  readonly overridden?: boolean;
}

export const nameOf = ({ kind, name }: GateResult): string => name ?? kind;

/** The newest verdict of a kind on this image: it alone counts, so that a later failure is not outvoted. */
export const newestVerdict = (
  { record, verdicts }: Pick<Evidence, 'record' | 'verdicts'>,
  kind: string,
): Verdict | undefined =>
  verdicts
    .filter((verdict) => verdict.kind === kind && verdict.digest === record.digest)
    .sort((a, b) => a.at.localeCompare(b.at))
    .at(-1);
