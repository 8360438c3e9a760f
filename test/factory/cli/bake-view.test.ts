import { describe, expect, it } from 'vitest';
import { jsonView, runningText } from '../../../factory/cli/bake-view';
import { defined } from '../../../factory/defined';

const MIB = 1024 ** 2;
const os = { step: 'os', since: 0 };
const bytes = (count: number, total?: number) =>
  ({ event: 'progress', step: 'os', bytes: count, ...defined({ total }) }) as const;

describe('the line of the running step', () => {
  it.each([
    { what: 'only its seconds when nothing else is known', given: os, says: '31 s' },
    { what: 'the bytes so far', given: { ...os, progress: bytes(210 * MIB) }, says: '210 MiB, 31 s' },
    {
      what: 'of how many, and how long still, where a step counts to an end that it knows',
      given: {
        ...os,
        progress: bytes(210 * MIB, 1400 * MIB),
        before: { milliseconds: 95_000, bytes: 0 },
      },
      says: '210 MiB of 1.4 GiB, 31 s, about 1 min 4 s left',
    },
    {
      what: 'about how many, as it was when the step was last done',
      given: { ...os, progress: bytes(210 * MIB), before: { milliseconds: 40_000, bytes: 642 * MIB } },
      says: '210 MiB of about 642 MiB, 31 s, about 9 s left',
    },
    {
      what: 'no remaining time and no whole once it is slower and larger than last time',
      given: { ...os, progress: bytes(700 * MIB), before: { milliseconds: 30_000, bytes: 642 * MIB } },
      says: '700 MiB, 31 s',
    },
  ])('says $what', ({ given, says }) => {
    expect(runningText([given], 31_000)).toBe(`  ${'os'.padEnd(26)} … ${says}`);
  });
});

describe('events for programs', () => {
  it('are one line of JSON each, whatever happens', () => {
    const lines: string[] = [];
    const view = jsonView((line) => lines.push(line));
    view.waitingFor('pid 7');
    view.checking('disk space');
    view.fetching({ done: 1, total: 2, bytes: 3, totalBytes: 4, rate: 5, remaining: 6 });
    view.fetched();
    view.begins({ os: { milliseconds: 1, bytes: 2 } });
    view.event({ event: 'started', step: 'os' });
    view.event({ event: 'failed', step: 'os', what: 'two\nlines' });
    expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
      'waiting',
      'checking',
      'fetching',
      'fetched',
      'begins',
      'started',
      'failed',
    ]);
    expect(lines.join('')).not.toContain('\n');
  });
});
