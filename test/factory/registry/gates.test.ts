import { describe, expect, it } from 'vitest';
import type { ChannelEntry } from '../../../factory/contracts/channel';
import { Gate } from '../../../factory/contracts/spec';
import { hostExec } from '../../../factory/ports/machine/exec-host';
import { runIn } from '../../../factory/registry/command';
import { judge, override } from '../../../factory/registry/gates';
import type { Evidence, GateResult } from '../../../factory/registry/gates/gate';
import { digestOf, recordOf, verdictOf } from './support';

const evidence = (change: Partial<Evidence> = {}): Evidence => ({
  record: recordOf('a'),
  verdicts: [],
  now: Date.parse('2026-11-22T12:00:00Z'),
  previous: 'staging',
  logs: new Map(),
  endOfLife: undefined,
  run: () => Promise.reject(new Error('no program is to be run')),
  ...change,
});
const ask = async (gate: Gate, change: Partial<Evidence> = {}): Promise<GateResult> => {
  const [result] = await judge([gate], evidence(change));
  if (result === undefined) throw new Error('no result');
  return result;
};
const holds = async (...verdicts: Parameters<typeof verdictOf>[1][]): Promise<boolean> =>
  (await ask({ kind: 'verified' }, { verdicts: verdicts.map((change) => verdictOf('a', change)) })).holds;

describe('the gate `verified`', () => {
  it('holds by a verdict on this image that is good', async () => {
    expect(await holds({})).toBe(true);
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
  ])('does not hold when %s', async (_, verdicts) => {
    expect(await holds(...verdicts)).toBe(false);
  });

  it('holds again after a later good one', async () => {
    expect(await holds({ ok: false, at: '2026-11-22T12:00:00Z' }, { at: '2026-11-22T13:00:00Z' })).toBe(true);
  });

  it('says what to do', async () => {
    expect((await ask({ kind: 'verified' })).hint).toBe(`kiln verify ${recordOf('a').digest.slice(0, 19)}`);
  });
});

describe('the gate `supported`', () => {
  const NOW = '2026-11-22T12:00:00Z';
  const old = { spark: '2.2.3', java: '8', python: '2.7.18', debian: 'trixie' };
  const now = { spark: '4.1.4', java: '21', python: '3.13.5', debian: 'trixie' };
  const supported = (
    versions: Readonly<Record<string, string>>,
    endOfLife?: { until: string; because: string },
    at = NOW,
  ) => ask({ kind: 'supported' }, { record: { ...recordOf('a'), versions }, now: Date.parse(at), endOfLife });

  it('holds for an image whose parts are all supported', async () => {
    expect(await supported(now)).toEqual({
      kind: 'supported',
      holds: true,
      detail: 'every part is supported',
    });
  });

  it('names every part that is not, since when and by whom, and the way out', async () => {
    const { holds, detail, hint } = await supported(old);
    expect(holds).toBe(false);
    expect(detail).toBe(
      "unsupported: Spark 2.2.3 since 2019-01-31 (Spark's versioning policy, endoflife.date); Java 8 (no security support: it comes from Debian sid); Python 2.7.18 since 2020-01-31 (Python's release schedule)",
    );
    expect(hint).toContain('endOfLife: { until: YYYY-MM-DD, because: … }');
  });

  it.each([
    ['on the day before the end of its support', { ...now, spark: '4.0.5' }, '2026-11-29T00:00:00Z', true],
    ['on the last day of its support', { ...now, spark: '4.0.5' }, '2026-11-30T23:59:59Z', true],
    ['on the day after it', { ...now, spark: '4.0.5' }, '2026-12-01T00:00:00Z', false],
    ['of a Python that ended', { ...now, python: '3.10.2' }, NOW, false],
    ['of a Python with a month left', { ...now, python: '3.11.9' }, '2027-10-31T23:59:59Z', true],
    ['of Debian that ended', now, '2028-08-10T00:00:00Z', false],
    ['of a Java that Debian supports', { ...now, java: '25' }, NOW, true],
    ['of a Java of unstable', { ...now, java: '17' }, NOW, false],
    ['of a Python that the table does not have', { ...now, python: '3.99.1' }, NOW, false],
    ['of a Spark that the table does not have', { ...now, spark: '9.9.9' }, NOW, false],
    ['of a Java that the table does not have', { ...now, java: '99' }, NOW, false],
    ['of a Debian that the table does not have', { ...now, debian: 'forky' }, NOW, false],
  ])('of an image %s', async (_, versions, at, holds) => {
    expect((await supported(versions, undefined, at)).holds).toBe(holds);
  });

  it.each([
    ['2026-11-22', true],
    ['2027-06-30', true],
    ['2026-11-21', false],
  ])('holds as long as factory.yaml says, and says why: until %s', async (until, holds) => {
    const result = await supported(old, { until, because: 'the move to 3.5 is under way' });
    expect(result.holds).toBe(holds);
    expect(result.detail).toContain('the move to 3.5 is under way');
    expect(result.detail).toContain('Spark 2.2.3');
  });
});

describe('the gate `reproduced`', () => {
  const reproduced = (...verdicts: Parameters<typeof verdictOf>[1][]) =>
    ask(
      { kind: 'reproduced' },
      { verdicts: verdicts.map((change) => verdictOf('a', { kind: 'reproduced', ...change })) },
    );

  it('holds by a second bake that gave the same bits', async () => {
    expect((await reproduced({})).holds).toBe(true);
  });

  it.each([
    ['there was none', []],
    ['the newest did not give the same bits', [{}, { ok: false, at: '2026-11-23T12:00:00Z' }]],
    ['there is only a verdict of another kind', [{ kind: 'verified' as const }]],
  ])('does not hold when %s, and says what to do', async (_, verdicts) => {
    const result = await reproduced(...verdicts);
    expect(result.holds).toBe(false);
    expect(result.hint).toBe(`kiln reproduce ${recordOf('a').digest.slice(0, 19)}`);
  });
});

describe('the gate `hours`', () => {
  const entry = (disk: string, at: string): ChannelEntry => ({
    version: 1,
    image: 'spark-node',
    channel: 'staging',
    sequence: 1,
    action: 'promote',
    digest: digestOf(disk),
    operation: '6a2f41a3-c54c-4ce0-b5c5-6c6c5a2b8d10',
    by: 'owner@desk',
    reason: '',
    at: `2026-11-${at}:00Z`,
  });
  const gate = { kind: 'hours', hours: 24 } as const;
  const logs = (...entries: ChannelEntry[]) => ({ logs: new Map([['staging', entries]]) });

  it.each([
    ['it was there for a day', [entry('a', '21T12:00')], true],
    ['it was there a day ago, for a day', [entry('a', '20T00:00'), entry('b', '21T00:00')], true],
    ['two times make a day', [entry('a', '21T00:00'), entry('b', '21T12:00'), entry('a', '22T00:00')], true],
    ['it has been there too short', [entry('a', '21T12:01')], false],
    ['another one is there', [entry('b', '20T00:00')], false],
    ['it was never there', [], false],
    ['its entry lies ahead, by another clock', [entry('a', '25T00:00')], false],
  ])('when %s', async (_, entries, expected) => {
    expect((await ask(gate, logs(...entries))).holds).toBe(expected);
  });

  it('says when it will hold, or where the image has to go first', async () => {
    expect((await ask(gate, logs(entry('a', '22T06:00')))).hint).toContain('2026-11-23T06:00Z');
    expect((await ask(gate, logs())).hint).toContain('kiln promote IMAGE staging');
    expect(await ask(gate, { previous: undefined })).toMatchObject({
      holds: false,
      detail: 'there is no channel before this one',
    });
    expect(
      (await ask({ ...gate, in: 'canary' }, { logs: new Map([['canary', [entry('a', '20T00:00')]]]) })).holds,
    ).toBe(true);
  });
});

describe('the gate `command`', () => {
  const run = runIn(hostExec, '/', { KILN_IMAGE: 'sha256:abc' });
  const says = (...words: string[]) =>
    ask(Gate.parse({ kind: 'command', name: 'smoke', run: words, timeout: 1 }), { run });

  it.each([
    ['exits with 0', ['sh', '-c', 'echo fine; test "$KILN_IMAGE" = sha256:abc'], true, /exit code 0: fine/],
    ['exits with 3', ['sh', '-c', 'echo two jobs failed >&2; exit 3'], false, /exit code 3: two jobs failed/],
    ['is not there', ['/nonexistent/program'], false, /exit code 127/],
    ['does not end', ['sleep', '30'], false, /did not end within 1 s/],
  ])('when the program %s', async (_, words, expected, detail) => {
    const result = await says(...words);
    expect(result).toMatchObject({ kind: 'command', name: 'smoke', holds: expected });
    expect(result.detail).toMatch(detail);
  });
});

describe('overriding a gate', () => {
  const results: GateResult[] = [
    { kind: 'verified', holds: true, detail: '' },
    { kind: 'command', name: 'smoke', holds: false, detail: '' },
  ];

  it('marks one that does not hold, and leaves one that holds as it is', () => {
    expect(override(results, ['smoke', 'verified'])).toEqual([
      results[0],
      { ...results[1], overridden: true },
    ]);
  });

  it('of a name that no gate has is refused, naming those that there are', () => {
    expect(() => override(results, ['command'])).toThrow(
      expect.objectContaining({ code: 'unknown-gate', hint: 'there are: verified, smoke', exitCode: 2 }),
    );
  });
});
