import { describe, expect, it } from 'vitest';
import { overviewText } from '../../../factory/cli/status-view';
import { frame } from '../../../factory/cli/watch';
import type { Job } from '../../../factory/machines/jobs';
import type { Overview } from '../../../factory/machines/overview';

const ALL: Overview = {
  cluster: 'local',
  project: 'the/project',
  state: 'up',
  pages: { master: 'http://127.0.0.1:40001', notebook: 'http://127.0.0.1:40002' },
  damaged: false,
  master: 'ALIVE',
  nodes: [
    {
      name: 'local-worker-1',
      role: 'worker',
      address: '10.213.0.20',
      machine: 'nspawn',
      phase: 'ready',
      image: `sha256:${'ab'.repeat(32)}`,
      console: 'console.log',
      cores: { total: 2, used: 1 },
      memoryMiB: { total: 2048, used: 512 },
      registered: 'ALIVE',
      scratchBytes: { total: 4 * 2 ** 30, used: 2 ** 30, free: 2.8 * 2 ** 30 },
      answers: true,
      status: null,
      live: null,
    },
  ],
  applications: [
    {
      id: 'app-1',
      job: '20261128-121530-k3f9',
      name: 'etl',
      user: 'spark',
      state: 'RUNNING',
      cores: 1,
      memoryPerExecutorMiB: 512,
      runningFor: 75,
      page: 'http://127.0.0.1:40001/proxy/app-1/jobs/',
      driver: '10.213.0.10:4040',
    },
  ],
  jobs: null,
  canary: { at: 1000, seconds: 9.54, proved: ['10.213.0.20'], missing: [] },
};

const job = (id: string, change: Partial<Job> = {}): Job => ({
  version: 1,
  id,
  name: 'etl',
  argv: ['job.py'],
  internal: false,
  state: 'running',
  submitted: { at: 100, by: 'root', mode: 'attached' },
  started: 101,
  ended: null,
  application: null,
  end: null,
  ...change,
});

describe('kiln status', () => {
  it('shows jobs that no application stands for, and the last that did not succeed', () => {
    const end = { code: 143, signal: null, cause: 'cancelled', what: 'kiln cancel cancelled it' } as const;
    const jobs = [
      ...Array.from({ length: 7 }, (_, n) =>
        job(`gone-${String(n)}`, { state: 'cancelled', ended: 110, end }),
      ),
      job('starting'),
      job('20261128-121530-k3f9', { application: 'app-1' }),
    ];
    const text = overviewText({ ...ALL, jobs }, [], 1_130_000);
    expect(text).toMatch(/app-1 .* 20261128-121530-k3f9 .* etl/);
    expect(text).toMatch(/ starting .* running /);
    expect(text).toMatch(/ gone-6 .* cancelled .* kiln cancel cancelled it/);
    expect(text).not.toContain('gone-1');
    expect(text).toContain('2 more jobs did not succeed: kiln jobs local --all');
    expect(text.match(/k3f9/g)).toHaveLength(1);
  });

  it('tells all of a cluster in a table, and what is wrong in words', () => {
    const fault = { where: 'local-worker-1', what: '/scratch is full', hint: 'end jobs' };
    expect(overviewText(ALL, [fault], 1_130_000)).toMatchInlineSnapshot(`
      "local (up), of the/project
      page of the master: http://127.0.0.1:40001
      page of the notebook: http://127.0.0.1:40002
      ┌────────────────┬────────┬─────────────┬───────┬────────────┬─────────────┬─────────────────────────────┬─────────────────────┐
      │ node           │ role   │ address     │ phase │ cores used │ MiB used    │ scratch used                │ image               │
      ├────────────────┼────────┼─────────────┼───────┼────────────┼─────────────┼─────────────────────────────┼─────────────────────┤
      │ local-worker-1 │ worker │ 10.213.0.20 │ ready │ 1 of 2     │ 512 of 2048 │ 1.0 GiB, 27 %; 2.8 GiB free │ sha256:abababababab │
      └────────────────┴────────┴─────────────┴───────┴────────────┴─────────────┴─────────────────────────────┴─────────────────────┘
      ┌─────────────┬──────────────────────┬──────┬───────┬─────────┬───────┬─────────────────┬────────────┬──────────────────────────────────────────┐
      │ application │ job                  │ name │ user  │ state   │ cores │ MiB an executor │ for        │ page                                     │
      ├─────────────┼──────────────────────┼──────┼───────┼─────────┼───────┼─────────────────┼────────────┼──────────────────────────────────────────┤
      │ app-1       │ 20261128-121530-k3f9 │ etl  │ spark │ running │ 1     │ 512             │ 1 min 15 s │ http://127.0.0.1:40001/proxy/app-1/jobs/ │
      └─────────────┴──────────────────────┴──────┴───────┴─────────┴───────┴─────────────────┴────────────┴──────────────────────────────────────────┘
      canary: ran on 1 of 1 workers in 9.5 s, 2 min 10 s ago
      wrong (1):
        local-worker-1: /scratch is full
          end jobs"
    `);
  });

  it('says so where nothing is wrong, and nothing runs', () => {
    const text = overviewText({ ...ALL, applications: [], canary: null }, [], 0);
    expect(text).toMatch(/no application runs\ncanary: none has run yet .*\nnothing is wrong$/);
  });
});

describe('a frame of --watch', () => {
  it('covers what stood there, cut to the screen', () => {
    expect(frame('one\ntwo long\nthree', 2, 5)).toBe('\u001b[Hone\u001b[K\r\n…\u001b[K\u001b[J');
    expect(frame('two long', 2, 5)).toBe('\u001b[Htwo l\u001b[K\u001b[J');
  });
});
