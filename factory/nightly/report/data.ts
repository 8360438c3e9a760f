import type { Change } from '../change';
import type { Move, Outputs, Previous, Result, Step } from '../steps';

export interface PastNight {
  readonly run: string;
  /** RFC 3339. */
  readonly at: string;
  readonly result: Result | 'unfinished';
  readonly digest: string | undefined;
  /** Bytes of the disk. */
  readonly size: number | undefined;
}

/** All that a night's page reports. */
export interface ReportData {
  /** The image's name. */
  readonly image: string;
  readonly run: string;
  /** RFC 3339. */
  readonly began: string;
  readonly kiln: string;
  readonly host: string;
  readonly result: Result | 'failed';
  /** The step that said no, or failed, and why. */
  readonly cause: { readonly step: Step; readonly what: string } | undefined;
  readonly channel: string;
  readonly previous: Previous | null;
  readonly change: Change | undefined;
  readonly bake: Outputs['bake'] | undefined;
  readonly verify: Outputs['verify'] | undefined;
  readonly reproduce: Outputs['reproduce'] | undefined;
  readonly moves: readonly Move[];
  readonly proposal: Outputs['propose'] | undefined;
  readonly timings: readonly { readonly step: Step; readonly milliseconds: number }[];
  /** Oldest first; this one is the last. */
  readonly nights: readonly PastNight[];
}
