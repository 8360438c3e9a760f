import { shortDigest } from '../errors';
import { type Evidence, type GateResult, newestVerdict } from './gate';

/** `reproduced`: the newest second bake of this image's lock by `kiln reproduce` gave the same bits. */
export function reproduced(evidence: Pick<Evidence, 'record' | 'verdicts'>): GateResult {
  const kind = 'reproduced';
  const hint = `kiln reproduce ${shortDigest(evidence.record.digest)}`;
  const newest = newestVerdict(evidence, kind);
  if (newest === undefined) return { kind, holds: false, detail: 'was never baked a second time', hint };
  if (newest.ok)
    return { kind, holds: true, detail: `baked again at ${newest.at} on ${newest.by.host}: the same bits` };
  const names = newest.checks.filter(({ ok }) => !ok).map(({ name }) => name);
  return {
    kind,
    holds: false,
    detail: `baked again at ${newest.at}, not the same: ${names.join(', ')}`,
    hint,
  };
}
