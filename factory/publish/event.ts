import type { FetchProgress } from '../progress';

/** A step of a publication, as it goes; `region` where the platform has several. */
export type PublishEvent =
  | {
      readonly event: 'started' | 'done';
      readonly step: string;
      readonly region?: string;
      readonly detail?: string;
    }
  | ({ readonly event: 'progress'; readonly step: string; readonly region?: string } & FetchProgress)
  | { readonly event: 'retry'; readonly step: string; readonly region: string; readonly why: string };
