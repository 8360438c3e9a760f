import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jobsText } from '../../../factory/cli/jobs-view';
import { type ClusterPaths, clusterPaths } from '../../../factory/machines/cluster';
import { cancelJob, type Job, listJobs, logsWords, submitDetached } from '../../../factory/machines/jobs';
import { up } from '../../../factory/machines/up';
import type { RunResult } from '../../../factory/ports/machine/exec';
import { type FakeMachinery, fakeMachinery } from './fakes';
import { IMAGE, masterGroup } from './group';

let folder: string;
let machinery: FakeMachinery;
let paths: ClusterPaths;
/** What the master's machine answers. */
let answer: Partial<RunResult>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-jobs-'));
  answer = {};
  machinery = fakeMachinery(join(folder, 'run', 'clusters'), (program) =>
    program === 'enter' ? answer : {},
  );
  const state = join(folder, 'project', '.kiln');
  mkdirSync(join(machinery.clusters, 'local'), { recursive: true });
  mkdirSync(state, { recursive: true });
  await up(machinery, masterGroup(), {
    root: join(folder, 'project'),
    state,
    image: IMAGE,
    onStep: () => undefined,
  });
  paths = clusterPaths('local', state, machinery.clusters);
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const ID = '20261128-121530-k3f9';
const job = (change: Partial<Job> = {}): Job => ({
  version: 1,
  id: ID,
  name: 'etl',
  argv: ['-m', 'flights.etl'],
  internal: false,
  state: 'running',
  submitted: { at: 100, by: 'root', mode: 'attached' },
  started: 101,
  ended: null,
  application: 'app-1',
  end: null,
  ...change,
});

const asked = async (): Promise<readonly string[] | undefined> =>
  (await machinery.sandboxes.find(paths.run))?.runs.at(-1);

describe('jobs of a cluster', () => {
  it('are those that its master keeps', async () => {
    answer = { stdout: JSON.stringify([job()]) };
    expect(await listJobs(machinery, paths, { all: true })).toEqual([job()]);
    expect(await asked()).toEqual([
      ...['enter', '/usr/lib/kiln/kiln-node', 'jobs', 'list', '--json', '--all'],
    ]);
  });

  it.each([
    ['', 3],
    ['{}', 0],
    [JSON.stringify([{ ...job(), state: 'sleeping' }]), 0],
  ])('cannot be read from an answer such as %j', async (stdout, code) => {
    answer = { stdout, code, stderr: 'invalid choice: jobs' };
    await expect(listJobs(machinery, paths)).rejects.toMatchObject({ code: 'jobs-failed' });
  });

  it('are cancelled by any name that the node understands, an odd one included', async () => {
    const end = {
      code: 143,
      signal: 'SIGTERM',
      cause: 'cancelled',
      what: 'kiln cancel cancelled it',
    } as const;
    answer = { stdout: JSON.stringify(job({ state: 'cancelled', ended: 102, end })) };
    expect((await cancelJob(machinery, paths, '--x', { now: true })).state).toBe('cancelled');
    expect((await asked())?.slice(-3)).toEqual(['--now', '--', '--x']);
  });

  it.each([
    [1, 1],
    [2, 3],
  ])('that cannot be cancelled say why: exit code %i of the node', async (code, exitCode) => {
    answer = { code, stderr: `job ${ID} has already ended: failed\n  where: jobs\n  what to do: look\n` };
    await expect(cancelJob(machinery, paths, ID)).rejects.toMatchObject({
      code: 'job-not-cancelled',
      message: `job ${ID} has already ended: failed`,
      exitCode,
    });
  });

  it('are submitted to go on alone, and refused in the words of the node', async () => {
    answer = { stdout: JSON.stringify({ id: ID, name: 'etl', unit: `spark-driver-${ID}.service` }) };
    expect((await submitDetached(machinery, paths, ['-m', 'a.b', '--json'])).id).toBe(ID);
    expect((await asked())?.slice(1)).toEqual([
      ...['/usr/bin/kiln-submit', '--detach', '--json', '-m', 'a.b', '--json'],
    ]);
    answer = { code: 2, stderr: 'kiln-submit: -m needs a module\nwhat to do: kiln-submit --help\n' };
    await expect(submitDetached(machinery, paths, ['-m'])).rejects.toMatchObject({
      message: '-m needs a module',
      hint: 'kiln-submit --help',
      exitCode: 2,
    });
  });

  it('have output, of which one stream may be asked for', async () => {
    const { words } = await logsWords(machinery, paths, 'k3f9', { follow: true, only: 'stderr' });
    expect(words.slice(1)).toEqual([
      ...['/usr/lib/kiln/kiln-node', 'jobs', 'logs', '--follow', '--stderr', '--', 'k3f9'],
    ]);
  });

  it('are not to be had of a cluster that is not there', async () => {
    await expect(listJobs(machinery, { ...paths, run: '/none' })).rejects.toMatchObject({
      code: 'no-cluster',
    });
  });
});

describe('jobs in words', () => {
  it('say how each ended', () => {
    const killed = {
      code: 137,
      signal: 'SIGKILL',
      cause: 'signal',
      what: 'the driver was ended by SIGKILL',
    } as const;
    const plain = { code: 7, signal: null, cause: 'exit', what: '' } as const;
    const text = jobsText(
      [
        {
          cluster: 'local',
          jobs: [
            job({ id: 'a', state: 'failed', ended: 110, end: killed }),
            job({ id: 'b', state: 'failed', ended: 110, end: plain }),
            job({ id: 'c' }),
          ],
        },
        { cluster: 'other', jobs: [] },
      ],
      161_000,
    );
    expect(text).toMatch(/ a .* failed .* 137 .* 1970-01-01 00:01:40 .* 9 s .* app-1 .* ended by SIGKILL/);
    expect(text).toMatch(/ b .* failed .* 7 .* exit code 7/);
    expect(text).toMatch(/ c .* running .* - .* 1 min/);
    expect(text).toMatch(/\nother: no job runs$/);
  });
});
