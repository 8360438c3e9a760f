import type { ReportData } from './data';

/** A digest as far as a person compares it. */
export const short = (digest: string): string => digest.slice(0, 'sha256:'.length + 12);

/** RFC 3339 to `2026-01-31 02:30`, UTC. */
export const dayOf = (at: string): string => at.slice(0, 16).replace('T', ' ');

export const HEADLINES: Readonly<Record<ReportData['result'], readonly [kind: string, text: string]>> = {
  registered: ['good', 'Registered'],
  unchanged: ['good', 'Nothing changed'],
  refused: ['bad', 'Refused'],
  failed: ['bad', 'Failed'],
};
