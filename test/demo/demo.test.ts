import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errorCode } from '../../demo/answers';
import { newTraces } from '../../demo/leftovers';
import { copyProject } from '../../demo/project-copy';
import { proofTable } from '../../demo/proof';
import { CommandFailed, Interrupted, Shell } from '../../demo/shell';
import { showBake, showSpark, showTerraform } from '../../demo/progress';
import { holdsResources } from '../../demo/tidy';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'kiln-demo-test-')));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('what a demo leaves', () => {
  const none = {
    processes: ['1 bash'],
    mounts: ['proc /proc proc'],
    loops: [],
    interfaces: ['lo'],
    files: [],
    cgroups: [],
  };

  test('is nothing when the machine is as before', () => {
    expect(newTraces(none, none)).toEqual([]);
  });

  test('is named by kind', () => {
    const after = {
      ...none,
      mounts: [...none.mounts, '/dev/loop0 /mnt erofs'],
      processes: ['1 bash', '77 java'],
    };
    expect(newTraces(none, after)).toEqual(['processes: 77 java', 'mounts: /dev/loop0 /mnt erofs']);
  });

  test('what was there before and is gone counts as nothing', () => {
    expect(newTraces({ ...none, files: ['/old'] }, none)).toEqual([]);
  });

  test.each([
    ['{"resources":[]}', false],
    ['{"resources":[{"type":"null_resource"}]}', true],
    ['{"resources":[{"type"', true],
    ['', true],
  ])('Terraform state %s holds something: %s', (state, expected) => {
    expect(holdsResources(state)).toBe(expected);
  });
});

describe('a command of the demo', () => {
  const shell = (): Shell => new Shell({ cwd: folder, env: { ...process.env }, log: join(folder, 'log') });

  test('is logged with all it says, colours apart', async () => {
    const lines: string[] = [];
    const result = await shell().run(
      { words: ['bash', '-c', String.raw`printf '\033[32mgreen\033[0m\n' >&2; echo '{"a":1}'`] },
      (line) => lines.push(line),
    );
    expect(lines.sort()).toEqual(['green', '{"a":1}']);
    expect(result.stdout).toBe('{"a":1}\n');
    expect(readFileSync(join(folder, 'log'), 'utf8')).toContain('\ngreen\n');
  });

  test('that fails reports its exit code, its last lines and its answer', async () => {
    const failing = shell().run({
      words: ['bash', '-c', 'echo why >&2; echo answer; exit 7'],
      shown: 'kiln bake',
    });
    await expect(failing).rejects.toThrow('`kiln bake` ended with exit code 7');
    await expect(failing).rejects.toMatchObject({ code: 7, stdout: 'answer\n' });
    const failure = await failing.catch((error: unknown) => error);
    expect(failure instanceof CommandFailed && [...failure.tail].sort()).toEqual(['answer', 'why']);
  });

  test('does not start after an interruption, until resumed', async () => {
    const one = shell();
    expect([one.interrupt(), one.interrupt()]).toEqual([false, true]);
    await expect(one.run({ words: ['touch', 'made'] })).rejects.toBeInstanceOf(Interrupted);
    expect(existsSync(join(folder, 'made'))).toBe(false);
    one.resume();
    await one.run({ words: ['touch', 'made'] });
    expect(existsSync(join(folder, 'made'))).toBe(true);
  });

  test('sees a variable set for it', async () => {
    const one = shell();
    one.set('KILN_PROJECT', '/somewhere');
    expect((await one.run({ words: ['printenv', 'KILN_PROJECT'] })).stdout).toBe('/somewhere\n');
  });
});

test.each([
  ['{"error":{"code":"pins-gone","message":"m"}}', 'pins-gone'],
  ['{"digest":"sha256:00"}', undefined],
  ['not JSON', undefined],
])('the error code of %s is %s', (stdout, expected) => {
  expect(errorCode(stdout)).toBe(expected);
});

test('a copied project has what a lock is resolved from, and its own lock to refresh', () => {
  const project = join(folder, 'project');
  mkdirSync(join(project, 'jobs', 'src'), { recursive: true });
  mkdirSync(join(project, '.kiln', 'channel'), { recursive: true });
  const spec =
    'code: jobs\nconda:\n  environment: environment.yml\n  channels:\n    example: .kiln/channel\n    far: https://far.example/c\n';
  writeFileSync(join(project, 'factory.yaml'), spec);
  writeFileSync(join(project, 'factory.lock.json'), 'old');
  writeFileSync(join(project, 'environment.yml'), 'name: x\n');
  writeFileSync(join(project, 'jobs', 'src', 'a.py'), '');
  const copy = join(folder, 'copy');
  // An earlier copy: what it was made of is replaced, what was baked from it stays.
  cpSync(project, copy, { recursive: true });
  mkdirSync(join(copy, '.kiln', 'images'));
  writeFileSync(join(copy, 'jobs', 'src', 'gone.py'), '');
  copyProject(project, copy);
  expect(realpathSync(join(copy, '.kiln', 'channel'))).toBe(join(project, '.kiln', 'channel'));
  expect(existsSync(join(copy, 'jobs', 'src', 'a.py'))).toBe(true);
  expect(existsSync(join(copy, '.kiln', 'images'))).toBe(true);
  expect(existsSync(join(copy, 'jobs', 'src', 'gone.py'))).toBe(false);
  writeFileSync(join(copy, 'factory.lock.json'), 'new');
  expect(readFileSync(join(project, 'factory.lock.json'), 'utf8')).toBe('old');
});

test('the proof lists what was compared and counts the months', () => {
  const check = (name: string, holds = true) => ({ name, expected: '336,776', found: '336,776', holds });
  const text = proofTable([
    check('flights: rows'),
    check('flights: rows in month=1'),
    check('flights: rows in month=2'),
  ]);
  expect(text).toContain('flights: rows ');
  expect(text).not.toContain('month=1');
  expect(text).toMatch(/3 checks hold, 2 of them the counts of each month$/);
});

test.each([
  ['local  null_resource.ready (local-exec):   14 s  local-master-1: ready', '14 s  local-master-1: ready'],
  ['null_resource.ready (local-exec): Executing: ["/bin/sh"]', undefined],
  ['local  null_resource.ready: Creating...', undefined],
  ['       Apply complete! Resources: 5 added', 'Apply complete! Resources: 5 added'],
  ['│ Error: local-exec provisioner error', 'Error: local-exec provisioner error'],
])('of Terraform, %s is shown as %s', (line, expected) => {
  expect(showTerraform(line)).toBe(expected);
});

test.each([
  ['26/11/22 13:52:28 INFO SparkContext: Running Spark version 4.1.4', 'Running Spark version 4.1.4'],
  [
    '26/11/22 13:52:28 INFO DAGScheduler: Job 3 finished: parquet at X.java:0, took 2346.065 ms',
    'Spark job 3 done in 2.3 s',
  ],
  [
    '26/11/22 13:52:28 INFO StandaloneSchedulerBackend: Granted executor ID app-1/0 on hostPort 10.213.0.21:3 with 1 core(s), 2.0 GiB RAM',
    'executor on 10.213.0.21: 1 core(s), 2.0 GiB RAM',
  ],
  ['26/11/22 13:52:28 INFO SecurityManager: Changing view acls to: spark', undefined],
  [
    '26/11/22 13:52:34 ERROR SparkContext: Error initializing SparkContext.',
    'Error initializing SparkContext.',
  ],
  ['\tat py4j.Gateway.invoke(Gateway.java:238)', undefined],
])('of Spark, %s is shown as %s', (line, expected) => {
  expect(showSpark(line)).toBe(expected);
});

describe('of a bake', () => {
  const fetching = (bytes: number): string =>
    JSON.stringify({ event: 'fetching', done: 1, total: 2, bytes, totalBytes: 100e6, rate: 1 });

  test.each([
    ['{"event":"begins","before":{}}', undefined],
    ['{"event":"started","step":"os"}', undefined],
    ['{"event":"progress","step":"os","bytes":7000000}', undefined],
    [
      '{"event":"done","step":"os","cached":false,"milliseconds":2340,"bytes":642000000}',
      'os: 2.3 s, 612 MiB',
    ],
    [
      '{"event":"done","step":"os","cached":true,"milliseconds":1,"bytes":642000000}',
      'os: in the cache, 612 MiB',
    ],
    ['{"event":"done","step":"seal","cached":false,"milliseconds":240,"bytes":0}', 'seal: 240 ms'],
    [
      '{"event":"damaged","step":"os","what":"layer os of the cache is damaged"}',
      'layer os of the cache is damaged',
    ],
    ['kiln: code failed', 'kiln: code failed'],
  ])('%s is shown as %s', (line, expected) => {
    expect(showBake(false)(line)).toBe(expected);
  });

  test('downloads are shown for every tenth, on a terminal always', () => {
    const lines = [0, 5e6, 9e6, 12e6].map(fetching);
    expect(lines.map(showBake(false))).toEqual([
      'fetched 0 B of 95 MiB',
      undefined,
      undefined,
      'fetched 11 MiB of 95 MiB',
    ]);
    expect(lines.map(showBake(true)).every((line) => line !== undefined)).toBe(true);
    expect(showBake(true)('{"event":"progress","step":"os","bytes":7000000}')).toBe('os: 6.7 MiB');
  });
});
