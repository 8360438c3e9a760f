import type { ChannelEntry } from '../../contracts/channel';
import type { Gate } from '../../contracts/spec';
import type { Evidence, GateResult } from './gate';

const HOUR = 3_600_000;

/** Milliseconds for which a log pointed at an image, all times together; what lies ahead does not count. */
function timeIn(log: readonly ChannelEntry[], digest: string, now: number): number {
  return log.reduce((sum, entry, index) => {
    if (entry.digest !== digest) return sum;
    const next = log[index + 1];
    const end = Math.min(now, next === undefined ? now : Date.parse(next.at));
    return sum + Math.max(0, end - Date.parse(entry.at));
  }, 0);
}

/** `hours`: so long in the channel before, where others would have noticed. */
export function hours(gate: Extract<Gate, { kind: 'hours' }>, evidence: Evidence): GateResult {
  const kind = 'hours';
  const channel = gate.in ?? evidence.previous;
  if (channel === undefined) {
    return {
      kind,
      holds: false,
      detail: 'there is no channel before this one',
      hint: 'factory.yaml: say which, with in: CHANNEL, or put the gate before a later channel',
    };
  }
  const { digest } = evidence.record;
  const have = timeIn(evidence.logs.get(channel) ?? [], digest, evidence.now) / HOUR;
  const told = `${have.toFixed(1)} of ${gate.hours} hours in ${channel}`;
  if (have >= gate.hours) return { kind, holds: true, detail: told };
  const isThere = evidence.logs.get(channel)?.at(-1)?.digest === digest;
  const left = new Date(evidence.now + (gate.hours - have) * HOUR).toISOString().slice(0, 16);
  return {
    kind,
    holds: false,
    detail: told,
    hint: isThere
      ? `if nothing moves ${channel}, it holds at ${left}Z`
      : `kiln promote IMAGE ${channel} --apply, then wait`,
  };
}
