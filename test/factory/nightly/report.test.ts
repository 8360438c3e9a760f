import { XMLValidator } from 'fast-xml-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { axisOf, sizeChart } from '../../../factory/nightly/report/chart';
import { escaped, html } from '../../../factory/nightly/report/html';
import type { ReportData } from '../../../factory/nightly/report/data';
import { reportPage } from '../../../factory/nightly/report/page';
import { HOSTILE, reportData } from './report-data';

const tags = (page: string): readonly string[] => page.match(/<[a-z!/][^>]*>/gi) ?? [];

/** The same data with every text in it that comes from elsewhere replaced. */
function filledWith(text: string): ReportData {
  const data = reportData();
  const { change } = data;
  if (change === undefined) throw new Error('the example has a change');
  const check = { name: text, ok: false, detail: text };
  return {
    ...data,
    image: text,
    host: text,
    kiln: text,
    channel: text,
    cause: { step: 'bake', what: text },
    change: {
      ...change,
      since: { ...change.since, name: text },
      choices: change.choices.map((each) => ({ ...each, from: text, to: text })),
      packages: change.packages.map((each) => ({ ...each, name: text, reason: text, to: text })),
      layers: change.layers.map((each) => ({ ...each, because: each.because.map(() => text) })),
    },
    verify: { ok: false, checks: [check] },
    moves: data.moves.map((move) => ({
      ...move,
      channel: text,
      gates: [{ kind: text, holds: false, detail: text }],
    })),
    proposal: { branch: text, commit: text },
    nights: data.nights.map((night) => ({ ...night, at: text, digest: text })),
  };
}

describe("a night's page", () => {
  it('has the same elements whatever the names in it are', () => {
    const plain = tags(reportPage(filledWith('x')));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constant(HOSTILE)), (text) => {
        expect(tags(reportPage(filledWith(text))).map((tag) => tag.split(/\s/)[0])).toEqual(
          plain.map((tag) => tag.split(/\s/)[0]),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('is well formed, so that no browser has to guess', () => {
    for (const data of [reportData(), filledWith(HOSTILE)]) {
      // Void elements are closed in HTML by their names alone.
      const xml = reportPage(data)
        .replace('<!doctype html>', '')
        .replaceAll(/<meta [^>]*>/g, '');
      expect(XMLValidator.validate(xml)).toBe(true);
    }
  });

  it('loads nothing and runs nothing', () => {
    const page = reportPage(filledWith(HOSTILE));
    expect(page).toContain("default-src 'none'");
    for (const tag of tags(page))
      expect(tag).not.toMatch(/<(script|link|img|iframe|object)|\s(src|href|on\w+)=/i);
  });

  it('shows what would hide or turn text around by its number', () => {
    expect(escaped('a\u202eb\u0000c\u200dd\ue000')).toBe('a[U+202E]b[U+0000]c[U+200D]d\ue000');
    expect(html`<b title="${'"&<'}">${['<', html`<i></i>`]}</b>`.text).toBe(
      '<b title="&quot;&amp;&lt;">&lt;<i></i></b>',
    );
  });

  it.each([
    [
      'registered',
      {},
      [
        'Registered',
        'In candidate.',
        'openssl',
        '3.5.7-1~deb13u1',
        'security update of trixie',
        'held back',
        '0 of 24 hours in candidate',
        '+195 KiB since the last',
      ],
    ],
    [
      'refused',
      { result: 'refused', cause: { step: 'verify', what: 'target: not reached' }, moves: [] },
      ['Refused', 'target: not reached', 'candidate is as it was', 'sha256:aaaaaaaaaaaa'],
    ],
    [
      'failed',
      {
        result: 'failed',
        cause: { step: 'bake', what: 'the disk is full' },
        moves: [],
        bake: undefined,
        previous: null,
      },
      ['Failed', 'no image', 'the disk is full', 'candidate is as it was.'],
    ],
    ['the first', { previous: null, nights: [] }, ['From the second image on']],
  ] as const)('of a night that was %s says so', (_, change, texts) => {
    const text = reportPage(reportData(change))
      .replaceAll(/<[^>]*>/g, ' ')
      .replaceAll(/\s+/g, ' ');
    for (const each of texts) expect(text).toContain(each);
  });
});

describe('the chart of sizes', () => {
  it('holds every point between its lowest and its highest line', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1e12 }), { minLength: 2, maxLength: 90 }), (sizes) => {
        const { low, high, ticks } = axisOf(sizes);
        for (const size of sizes) expect(size >= low && size <= high).toBe(true);
        expect(ticks.length).toBeGreaterThan(1);
        expect(ticks.length).toBeLessThan(12);
        const { text } = sizeChart(sizes.map((size, n) => ({ label: String(n), size })));
        expect(text).not.toContain('NaN');
        expect(text.match(/<circle/g)).toHaveLength(sizes.length);
      }),
    );
  });
});
