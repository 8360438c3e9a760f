// What the test runners report, and which skipped test has a reason that holds.
import { XMLParser } from 'fast-xml-parser';

/**
 * A test and how it ended.
 * @typedef {{ name: string, outcome: 'passed' | 'failed' | 'skipped', reason: string, setUpFailed?: boolean }} Case
 *   `reason`: the words in which a skipped one may say why; `setUpFailed`: its file failed, so it may not have been run for that
 * @typedef {{ passed: number, failed: number, skipped: number, complaints: string[] }} Sum
 */

/** @returns {Case[]} of vitest's JSON report: a skipped test has its reason in its title or in that of its group */
export function vitestCases(/** @type {string} */ text) {
  return JSON.parse(text).testResults.flatMap((/** @type {any} */ file) =>
    file.assertionResults.map((/** @type {any} */ test) => ({
      name: test.fullName,
      outcome: test.status === 'passed' || test.status === 'failed' ? test.status : 'skipped',
      reason: test.status === 'todo' ? '' : test.fullName,
      setUpFailed: file.status === 'failed',
    })),
  );
}

/** @returns {Case[]} of pytest's JUnit report: a skipped test has its reason in its message */
export function junitCases(/** @type {string} */ text) {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    processEntities: true,
    isArray: (name) => ['testsuite', 'testcase', 'failure', 'error', 'skipped'].includes(name),
  });
  const suites = parser.parse(text).testsuites?.testsuite ?? [];
  return suites.flatMap((/** @type {any} */ suite) =>
    (suite.testcase ?? []).map((/** @type {any} */ test) => ({
      name: `${test.classname}.${test.name}`,
      outcome: test.failure || test.error ? 'failed' : test.skipped ? 'skipped' : 'passed',
      reason: test.skipped?.[0]?.type === 'pytest.skip' ? (test.skipped[0].message ?? '') : '',
    })),
  );
}

/**
 * A skipped test is allowed when it says `make test-all` and this is not that run, or `needs SUBJECT` where kiln doctor
 * has not found SUBJECT on this machine. Any other counts as failed.
 * @param {readonly Case[]} cases
 * @param {{ all: boolean, lacks: readonly string[] }} run `lacks`: subjects of kiln doctor
 * @returns {Sum}
 */
export function judge(cases, { all, lacks }) {
  const sum = { passed: 0, failed: 0, skipped: 0, complaints: /** @type {string[]} */ ([]) };
  for (const { name, outcome, reason, setUpFailed } of cases) {
    if (outcome !== 'skipped') {
      sum[outcome] += 1;
    } else if ((!all && reason.includes('make test-all')) || lacks.some((lack) => needs(reason, lack))) {
      sum.skipped += 1;
    } else {
      sum.failed += 1;
      sum.complaints.push(
        setUpFailed
          ? `not run, for something in its file failed: ${name}`
          : `skipped without a reason that holds here: ${name}${reason === name || reason === '' ? '' : ` (${reason})`}`,
      );
    }
  }
  return sum;
}

/** Whole words: `needs root` is not `needs rootless`. */
const needs = (/** @type {string} */ reason, /** @type {string} */ subject) =>
  `${reason} `.match(new RegExp(`\\bneeds ${subject.replaceAll(/[^\w ]/g, '\\$&')}(?![\\w-])`)) !== null;

/** @returns {boolean} whether a skipped test claims that this machine lacks something, so that kiln doctor must be asked */
export const claimsLack = (/** @type {readonly Case[]} */ cases) =>
  cases.some(({ outcome, reason }) => outcome === 'skipped' && reason.includes('needs '));
