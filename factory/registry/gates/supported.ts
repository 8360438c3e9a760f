import { unsupported, unsupportedText } from '../../spec/support';
import type { Evidence, GateResult } from './gate';

/** `supported`: no part is past its end of life, or factory.yaml says until when somebody answers for that, and why. */
export function supported({
  record,
  now,
  endOfLife,
}: Pick<Evidence, 'record' | 'now' | 'endOfLife'>): GateResult {
  const kind = 'supported';
  const ended = unsupported(record.versions, now);
  if (ended.length === 0) return { kind, holds: true, detail: 'every part is supported' };
  const detail = `unsupported: ${ended.map(unsupportedText).join('; ')}`;
  if (endOfLife === undefined)
    return {
      kind,
      holds: false,
      detail,
      hint: 'move to a supported line, or say in factory.yaml until when you answer for it: endOfLife: { until: YYYY-MM-DD, because: … }',
    };
  const { until, because } = endOfLife;
  const holds = new Date(now).toISOString().slice(0, 10) <= until;
  return holds
    ? { kind, holds, detail: `${detail}; accepted until ${until}: ${because}` }
    : {
        kind,
        holds,
        detail: `${detail}; it was accepted until ${until}: ${because}`,
        hint: 'move to a supported line, or decide anew: endOfLife.until in factory.yaml',
      };
}
