import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const HOME = resolve(__dirname, '../..');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-report-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

interface Test {
  readonly title: string;
  readonly groups?: readonly string[];
  readonly status?: string;
}

/** A report as vitest writes it. */
function vitest(tests: readonly Test[], status = 'passed'): void {
  const assertionResults = tests.map(({ title, groups = [], status: ended = 'passed' }) => ({
    ancestorTitles: groups,
    fullName: [...groups, title].join(' '),
    status: ended,
    title,
  }));
  writeFileSync(join(folder, 'unit.json'), JSON.stringify({ testResults: [{ assertionResults, status }] }));
}

/** A report as pytest writes it, of those tests' bodies. */
function pytest(...inside: readonly string[]): void {
  const cases = inside.map((body, at) => `<testcase classname="t" name="n${String(at)}">${body}</testcase>`);
  writeFileSync(
    join(folder, 'node.xml'),
    `<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest">${cases.join('')}</testsuite></testsuites>`,
  );
}

function sum(
  parts: readonly string[],
  env: NodeJS.ProcessEnv = {},
): { readonly code: number | null; readonly lines: string[] } {
  const { status, stdout, stderr } = spawnSync(
    'node',
    [join(HOME, 'tools/sum-tests.mjs'), folder, ...parts],
    {
      encoding: 'utf8',
      env: { ...process.env, KILN_TEST_ALL: '', ...env },
    },
  );
  expect(stderr).toBe('');
  return { code: status, lines: stdout.trimEnd().split('\n') };
}

describe('the sum of the tests', () => {
  it('is of every part’s report, and its last line says it', () => {
    vitest([{ title: 'one' }, { title: 'two' }]);
    pytest('', '');
    expect(sum(['check=0', 'unit=0', 'node=0'])).toEqual({ code: 0, lines: ['4 passed, 0 failed'] });
  });

  it.each<[string, () => void, readonly string[], readonly string[]]>([
    [
      'a failed test',
      () => {
        vitest([{ title: 'one' }, { title: 'two', status: 'failed' }], 'failed');
      },
      ['unit=1'],
      ['1 passed, 1 failed'],
    ],
    [
      'a failed test of Python, and one that broke',
      () => {
        pytest('', '<failure message="no">trace</failure>', '<error message="no">trace</error>');
      },
      ['node=1'],
      ['1 passed, 2 failed'],
    ],
    [
      'a part that failed without naming a test',
      () => {
        vitest([{ title: 'one' }]);
      },
      ['check=1', 'unit=1'],
      ['1 passed, 2 failed'],
    ],
    [
      'a part without a report',
      () => undefined,
      ['e2e=0'],
      ['e2e: no test of e2e was reported', '0 passed, 1 failed'],
    ],
    [
      'a report without a test',
      () => {
        vitest([]);
      },
      ['unit=0'],
      ['unit: no test of unit was reported', '0 passed, 1 failed'],
    ],
    [
      'tests that were not run because what they need failed first',
      () => {
        vitest([{ title: 'one', groups: ['broken'], status: 'skipped' }], 'failed');
      },
      ['unit=1'],
      ['unit: not run, for something in its file failed: broken one', '0 passed, 1 failed'],
    ],
    [
      'a skipped test without a reason',
      () => {
        vitest([{ title: 'one' }, { title: 'two', groups: ['group'], status: 'skipped' }]);
      },
      ['unit=0'],
      ['unit: skipped without a reason that holds here: group two', '1 passed, 1 failed'],
    ],
    [
      'one that only waits to be written',
      () => {
        vitest([{ title: 'one (make test-all)', status: 'todo' }]);
      },
      ['unit=0'],
      ['unit: skipped without a reason that holds here: one (make test-all)', '0 passed, 1 failed'],
    ],
    [
      'one that lacks what is here',
      () => {
        vitest([{ title: 'one (needs Node.js)', status: 'skipped' }]);
      },
      ['unit=0'],
      ['unit: skipped without a reason that holds here: one (needs Node.js)', '0 passed, 1 failed'],
    ],
    [
      'one that lacks what kiln doctor does not know',
      () => {
        pytest('<skipped type="pytest.skip" message="needs luck">t.py:1</skipped>');
      },
      ['node=0'],
      ['node: skipped without a reason that holds here: t.n0 (needs luck)', '0 passed, 1 failed'],
    ],
    [
      'a test of Python that is expected to fail',
      () => {
        pytest('<skipped type="pytest.xfail" message="make test-all">t.py:1</skipped>');
      },
      ['node=0'],
      ['node: skipped without a reason that holds here: t.n0', '0 passed, 1 failed'],
    ],
  ])('counts as failed %s', (_, write, parts, lines) => {
    write();
    expect(sum(parts)).toEqual({ code: 1, lines });
  });

  it('lets pass what make test-all runs, but not there', () => {
    vitest([{ title: 'one' }, { title: 'two', groups: ['all of it (make test-all)'], status: 'skipped' }]);
    pytest('', '<skipped type="pytest.skip" message="make test-all">t.py:1</skipped>');
    expect(sum(['unit=0', 'node=0'])).toEqual({ code: 0, lines: ['2 passed, 0 failed, 2 skipped'] });
    expect(sum(['unit=0', 'node=0'], { KILN_TEST_ALL: '1' }).lines.at(-1)).toBe('2 passed, 2 failed');
  });

  it('lets pass what this machine lacks, as kiln doctor says: the whole name, at the end or within', () => {
    const found = spawnSync(join(HOME, 'bin/kiln'), ['doctor', '--json'], {
      encoding: 'utf8',
      cwd: HOME,
      env: { ...process.env, PATH: dirnames() },
    });
    expect(found.stdout).toContain('"chromium"');
    vitest([{ title: 'page (needs chromium)', status: 'skipped' }]);
    pytest('<skipped type="pytest.skip" message="needs chromium, a browser">t.py:1</skipped>');
    expect(sum(['unit=0', 'node=0'], { PATH: dirnames() })).toEqual({
      code: 0,
      lines: ['0 passed, 0 failed, 2 skipped'],
    });
    vitest([{ title: 'page (needs chromiums)', status: 'skipped' }]);
    expect(sum(['unit=0'], { PATH: dirnames() }).code).toBe(1);
  });

  /** A PATH with what kiln itself needs and no chromium. */
  function dirnames(): string {
    for (const program of ['node', 'bash', 'find', 'readlink', 'dirname', 'env'])
      spawnSync('ln', [
        '-sf',
        execFileSync('which', [program], { encoding: 'utf8' }).trim(),
        join(folder, program),
      ]);
    return folder;
  }
});
