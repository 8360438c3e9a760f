import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { JDKS, SPARK_LINES, type SparkLine } from '../../../factory/spec/compatibility';
import { pythonRange } from '../../../factory/spec/resolve/python';

const suite = (java: number): string => JDKS.find((jdk) => jdk.java === java)?.suite ?? '';

/** A row of the table in docs/lines.md. */
function row({ line, java, s3a, committer, endOfLife, run, ...rest }: SparkLine): string {
  const cells = [
    line,
    java.map((one) => `${String(one)} (${suite(one)})`).join(', '),
    pythonRange({ line, java, s3a, committer, run, ...rest }),
    `${s3a.hadoop}, ${s3a.from}`,
    committer.releases.length === 0 ? 'renames' : `magic, of ${committer.of ?? line}`,
    endOfLife ?? '',
    run
      .map((one) => `${one.release}, Java ${String(one.java)}, Python ${one.python}: ${one.reached}`)
      .join('; '),
  ];
  return `| ${cells.join(' | ')} |`;
}

it('docs/lines.md has every line as the compatibility table has it', () => {
  const doc = readFileSync(join(__dirname, '../../../docs/lines.md'), 'utf8');
  const rows = doc.split('\n').filter((text) => /^\| \d/.test(text));
  expect(rows.map((text) => text.replaceAll(/ +/g, ' '))).toEqual(
    SPARK_LINES.map(row).map((text) => text.replaceAll(/ +/g, ' ')),
  );
});

it('docs/lines.md names every hole that stays open in a line', () => {
  const doc = readFileSync(join(__dirname, '../../../docs/lines.md'), 'utf8');
  for (const hole of new Set(SPARK_LINES.flatMap(({ holes }) => holes))) expect(doc).toContain(hole);
});
