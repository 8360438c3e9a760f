import { describe, expect, it } from 'vitest';
import type { Lock } from '../../../factory/contracts/lock';
import { warningLines, warningsOf } from '../../../factory/cli/lock-view';
import { SPARK_LINES } from '../../../factory/spec/compatibility';
import { parseLock } from '../../../factory/lock';
import { lockOf } from '../registry/support';

const NOW = Date.parse('2026-11-22T12:00:00Z');

/** Choices of a real lock, with other values. */
function choices(values: Partial<Record<keyof Lock['choices'], string>>): Lock['choices'] {
  const before = parseLock(lockOf({})).choices;
  const changed = Object.entries(values).map(([name, value]) => [name, { value, reason: 'a test' }]);
  return { ...before, ...Object.fromEntries(changed) } as Lock['choices'];
}

describe('what kiln lock prints of what its parts lack', () => {
  it('names the holes of an old line, the parts that are unsupported, and the page that says what must guard it', () => {
    const lines = warningLines(warningsOf(choices({ spark: '2.2.3', java: '8', python: '2.7.18' }), NOW));
    expect(lines.join('\n')).toContain('  unsupported: Spark 2.2.3 since 2019-01-31');
    expect(lines.join('\n')).toContain('  unsupported: Python 2.7.18 since 2020-01-31');
    expect(lines.join('\n')).toContain('  open: CVE-2020-9480 (whoever reaches the master runs code');
    expect(lines.at(-1)).toContain('docs/spark.md');
  });

  it('is nothing where all parts are supported and no hole is open', () => {
    expect(warningLines(warningsOf(choices({ spark: '4.1.4', java: '21', python: '3.13.5' }), NOW))).toEqual(
      [],
    );
  });

  it.each(SPARK_LINES.map(({ line, holes }) => [line, holes] as const))(
    'names every hole of the table, on whatever day: Spark %s',
    (line, holes) => {
      for (const day of ['2015-01-01', '2026-11-22', '2040-01-01'])
        expect(warningsOf(choices({ spark: `${line}.0` }), Date.parse(day)).open).toEqual(holes);
    },
  );
});
