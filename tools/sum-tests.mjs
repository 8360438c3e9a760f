// Sums the reports of vitest (JSON) and pytest (JUnit XML) in a folder; exit code 1 when something failed:
//   node tools/sum-tests.mjs FOLDER PART=STATUS...
// STATUS is the exit code of the part's runner. A part that failed without naming a failed test (a file that does not
// load, a check) counts as one, and so does one that reports no test. Skipped tests need a reason: test-report.mjs.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { claimsLack, judge, junitCases, vitestCases } from './test-report.mjs';

const home = join(dirname(fileURLToPath(import.meta.url)), '..');
const [, , folder = '', ...parts] = process.argv;

/** Tests of a part; undefined when it left no report. */
function casesOf(part) {
  for (const [ending, read] of [
    ['json', vitestCases],
    ['xml', junitCases],
  ]) {
    const file = join(folder, `${part}.${ending}`);
    if (existsSync(file)) return read(readFileSync(file, 'utf8'));
  }
  return undefined;
}

/** Subjects that kiln doctor has not found here. */
function lacking() {
  const { stdout } = spawnSync(join(home, 'bin/kiln'), ['doctor', '--json'], { cwd: home, encoding: 'utf8' });
  return JSON.parse(stdout)
    .findings.filter(({ state }) => state !== 'here')
    .map(({ subject }) => subject);
}

const reports = parts.map((each) => {
  const [part, status] = each.split('=');
  return { part, status: Number(status), cases: casesOf(part) };
});
const run = {
  all: process.env.KILN_TEST_ALL === '1',
  lacks: reports.some(({ cases }) => claimsLack(cases ?? [])) ? lacking() : [],
};
const total = { passed: 0, failed: 0, skipped: 0 };
for (const { part, status, cases } of reports) {
  const { complaints, ...sum } = judge(cases ?? [], run);
  if (part !== 'check' && (cases ?? []).length === 0) complaints.push(`no test of ${part} was reported`);
  if (sum.failed === 0 && (status !== 0 || complaints.length > 0)) sum.failed = 1;
  for (const key of Object.keys(total)) total[key] += sum[key];
  for (const complaint of complaints) console.log(`${part}: ${complaint}`);
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 ? 1 : 0;
