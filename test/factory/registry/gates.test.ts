import { describe, expect, it } from 'vitest';
import { judge } from '../../../factory/registry/gates';
import { recordOf, verdictOf } from './support';

const GATE = [{ kind: 'verified' as const }];
const holds = (...verdicts: Parameters<typeof verdictOf>[1][]): boolean | undefined =>
  judge(GATE, { record: recordOf('a'), verdicts: verdicts.map((change) => verdictOf('a', change)) })[0]
    ?.holds;

describe('the gate `verified`', () => {
  it('holds by a verdict on this image that is good', () => {
    expect(holds({})).toBe(true);
  });

  it.each([
    ['there is no verdict', []],
    ['the verdict is on another image', [{ digest: recordOf('b').digest }]],
    ['the verdict is not good', [{ ok: false }]],
    [
      'a check failed, whatever the verdict says',
      [{ checks: [{ name: 'units', ok: false, detail: '1 failed' }] }],
    ],
    [
      'a later verdict is not good',
      [
        { ok: false, at: '2026-11-22T13:00:00Z' },
        { ok: true, at: '2026-11-22T12:00:00Z' },
      ],
    ],
  ])('does not hold when %s', (_, verdicts) => {
    expect(holds(...verdicts)).toBe(false);
  });

  it('holds again after a later good one', () => {
    expect(holds({ ok: false, at: '2026-11-22T12:00:00Z' }, { at: '2026-11-22T13:00:00Z' })).toBe(true);
  });

  it('says what to do', () => {
    const [result] = judge(GATE, { record: recordOf('a'), verdicts: [] });
    expect(result?.hint).toBe(`kiln verify ${recordOf('a').digest.slice(0, 19)}`);
  });
});

describe('the gate `reproduced`', () => {
  const ask = (...verdicts: Parameters<typeof verdictOf>[1][]) =>
    judge([{ kind: 'reproduced' }], {
      record: recordOf('a'),
      verdicts: verdicts.map((change) => verdictOf('a', { kind: 'reproduced', ...change })),
    })[0];

  it('holds by a second bake that gave the same bits', () => {
    expect(ask({})?.holds).toBe(true);
  });

  it.each([
    ['there was none', []],
    ['the newest did not give the same bits', [{}, { ok: false, at: '2026-11-23T12:00:00Z' }]],
    ['there is only a verdict of another kind', [{ kind: 'verified' as const }]],
  ])('does not hold when %s, and says what to do', (_, verdicts) => {
    const result = ask(...verdicts);
    expect(result?.holds).toBe(false);
    expect(result?.hint).toBe(`kiln reproduce ${recordOf('a').digest.slice(0, 19)}`);
  });
});
