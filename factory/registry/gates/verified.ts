import { shortDigest } from '../errors';
import { newestVerdict } from './gate';
import type { Evidence, GateResult } from './gate';

/** `verified`: the newest boot of this very disk by `kiln verify` found every check to hold. */
export function verified(evidence: Pick<Evidence, 'record' | 'verdicts'>): GateResult {
  const kind = 'verified';
  const hint = `kiln verify ${shortDigest(evidence.record.digest)}`;
  const newest = newestVerdict(evidence, kind);
  if (newest === undefined) return { kind, holds: false, detail: 'was never booted', hint };
  const failed = newest.checks.filter((check) => !check.ok);
  if (!newest.ok || failed.length > 0) {
    const names = failed.map((check) => `${check.name} (${check.detail})`).join(', ');
    return {
      kind,
      holds: false,
      detail: `did not hold at ${newest.at}: ${names || 'no reason given'}`,
      hint,
    };
  }
  return {
    kind,
    holds: true,
    detail: `booted at ${newest.at} by ${newest.by.accelerator ?? newest.by.host}: ${String(newest.checks.length)} checks held`,
  };
}
