// Sums the reports of vitest (JSON) and pytest (JUnit XML) in a folder:
//   node tools/sum-tests.mjs FOLDER [FAILED PART...]
// A part that failed without naming a failed test (a file that does not load, a check) counts as one.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';

const [, , folder, ...failedParts] = process.argv;
const total = { passed: 0, failed: 0, skipped: 0 };
const failedIn = new Map();

for (const file of readdirSync(folder)) {
  const text = readFileSync(join(folder, file), 'utf8');
  const sum = { passed: 0, failed: 0, skipped: 0 };
  if (extname(file) === '.json') {
    const report = JSON.parse(text);
    sum.passed = report.numPassedTests;
    sum.failed = report.numFailedTests;
    sum.skipped = report.numPendingTests + report.numTodoTests;
  } else if (extname(file) === '.xml') {
    const count = (name) =>
      [...text.matchAll(/<testsuite\b[^>]*>/g)].reduce(
        (n, [tag]) => n + Number(tag.match(new RegExp(`\\b${name}="(\\d+)"`))?.[1] ?? 0),
        0,
      );
    sum.failed = count('failures') + count('errors');
    sum.skipped = count('skipped');
    sum.passed = count('tests') - sum.failed - sum.skipped;
  } else continue;
  failedIn.set(basename(file, extname(file)), sum.failed);
  for (const key of Object.keys(total)) total[key] += sum[key];
}
for (const part of failedParts) if (!(failedIn.get(part) > 0)) total.failed += 1;

if (total.skipped > 0) console.log(`${total.skipped} skipped`);
console.log(`${total.passed} passed, ${total.failed} failed`);
