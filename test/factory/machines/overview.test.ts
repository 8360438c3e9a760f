import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clusterPaths } from '../../../factory/machines/cluster';
import { type Overview, overview } from '../../../factory/machines/overview';
import type { NodeStatus } from '../../../factory/machines/status';
import { targets } from '../../../factory/machines/targets';
import { up } from '../../../factory/machines/up';
import { wait } from '../../../factory/machines/wait';
import { wrong } from '../../../factory/machines/wrong';
import type { RunResult } from '../../../factory/ports/machine/exec';
import { type FakeMachinery, fakeMachinery } from './fakes';
import { IMAGE, launchGroup, masterGroup } from './group';

let folder: string;
let state: string;
let machinery: FakeMachinery;
let steps: string[];
/** What a command in a machine answers. */
let answer: Partial<RunResult>;

const [MASTER, FIRST, SECOND] = ['10.213.0.10', '10.213.0.20', '10.213.0.21'] as const;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-overview-'));
  state = join(folder, 'project', '.kiln');
  mkdirSync(state, { recursive: true });
  answer = {};
  machinery = fakeMachinery(join(folder, 'run', 'clusters'), (program) =>
    program === 'enter' ? answer : {},
  );
  mkdirSync(join(machinery.clusters, 'local'), { recursive: true });
  steps = [];
  for (const group of [masterGroup(), launchGroup()])
    await up(machinery, group, {
      root: join(folder, 'project'),
      state,
      image: IMAGE,
      onStep: () => undefined,
    });
  for (const name of ['local-master-1', 'local-worker-1', 'local-worker-2'])
    machinery.driver.say(name, 'ready');
  for (const address of [MASTER, FIRST, SECOND]) says(address);
  machinery.page = page();
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const worker = (host: string, change: object = {}): object => ({
  id: `worker-${host}`,
  host,
  state: 'ALIVE',
  cores: 2,
  coresused: 1,
  memory: 2048,
  memoryused: 512,
  ...change,
});
const page = (change: object = {}): object => ({
  status: 'ALIVE',
  workers: [worker(FIRST), worker(SECOND)],
  activeapps: [],
  ...change,
});
const app = (id: string, change: object = {}): object => ({
  id,
  name: 'etl',
  user: 'spark',
  state: 'RUNNING',
  cores: 2,
  memoryperexecutor: 512,
  starttime: -5000,
  ...change,
});

const READY: NodeStatus = {
  version: 1,
  cluster: 'local',
  role: 'worker',
  phase: 'ready',
  image: { digest: IMAGE.digest, contentId: IMAGE.digest, matches: true },
  scratch: null,
  fault: null,
  timings: {},
};

/** Sets what the exporter of a node says. */
function says(address: string, status: object = {}, live: object = {}): void {
  machinery.inside.set(`http://${address}:9477/status.json`, {
    status: { ...READY, ...status },
    scratch: { sizeBytes: 100, usedBytes: 10, freeBytes: 85, readOnly: false },
    clock: { synchronised: true, offsetSeconds: 0, greatestErrorSeconds: 0.01 },
    ...live,
  });
}

const seen = (): Promise<Overview> => overview(machinery, 'local');
const said = async (): Promise<string[]> => wrong(await seen()).map(({ where, what }) => `${where}: ${what}`);

describe('a cluster as a whole', () => {
  it('is its nodes with what they offer, and nothing is wrong with it', async () => {
    const found = await seen();
    expect(found.nodes.map((node) => [node.name, node.phase, node.cores, node.scratchBytes])).toEqual([
      ['local-master-1', 'ready', null, { total: 100, used: 10, free: 85 }],
      ['local-worker-1', 'ready', { total: 2, used: 1 }, { total: 100, used: 10, free: 85 }],
      ['local-worker-2', 'ready', { total: 2, used: 1 }, { total: 100, used: 10, free: 85 }],
    ]);
    expect(found).toMatchObject({ state: 'up', master: 'ALIVE', applications: [], canary: null });
    expect(await said()).toEqual([]);
  });

  it('links each application below the master’s page, and finds its driver, whichever port that got', async () => {
    machinery.page = page({ activeapps: [app('app-1'), app('app-2')] });
    machinery.inside.set(`http://${MASTER}:4040/api/v1/applications`, [{ id: 'app-2' }]);
    machinery.inside.set(`http://${MASTER}:4042/api/v1/applications`, [{ id: 'app-1' }]);
    const found = await seen();
    expect(found.applications.map(({ id, driver, runningFor }) => [id, driver, runningFor])).toEqual([
      ['app-1', `${MASTER}:4042`, 5],
      ['app-2', `${MASTER}:4040`, 5],
    ]);
    expect(found.applications.map(({ page: link }) => link)).toEqual([
      `${found.pages['master'] ?? ''}/proxy/app-1/jobs/`,
      `${found.pages['master'] ?? ''}/proxy/app-2/jobs/`,
    ]);
  });

  it('names the job of each application, and jobs that did not succeed', async () => {
    const end = { code: 7, signal: null, cause: 'exit', what: '' };
    const job = {
      version: 1,
      name: 'etl',
      argv: [],
      internal: false,
      started: 1,
      ended: 2,
      application: null,
    };
    const submitted = { at: 1, by: 'root', mode: 'attached' };
    answer = {
      stdout: JSON.stringify([
        { ...job, id: 'done', submitted, state: 'succeeded', end: { ...end, code: 0 } },
        { ...job, id: 'failed', submitted, state: 'failed', end },
        { ...job, id: 'runs', submitted, state: 'running', ended: null, end: null, application: 'app-1' },
      ]),
    };
    machinery.page = page({ activeapps: [app('app-1'), app('app-2')] });
    const found = await seen();
    expect(found.applications.map(({ id, job: of }) => [id, of])).toEqual([
      ['app-1', 'runs'],
      ['app-2', null],
    ]);
    expect(found.jobs?.map(({ id }) => id)).toEqual(['failed', 'runs']);
  });

  it('has no jobs to tell where its master cannot say', async () => {
    answer = { code: 2, stderr: 'invalid choice: jobs' };
    expect((await seen()).jobs).toBeNull();
  });

  it('knows a worker that came back by its living entry', async () => {
    machinery.page = page({ workers: [worker(FIRST, { state: 'DEAD' }), worker(FIRST), worker(SECOND)] });
    expect((await seen()).nodes[1]?.registered).toBe('ALIVE');
  });
});

describe('what is wrong', () => {
  it.each<[string, () => void | Promise<void>, RegExp]>([
    [
      'a machine that ended',
      async () => {
        await (await machinery.sandboxes.find(join(machinery.clusters, 'local')))?.kill('local-worker-2');
      },
      /^local-worker-2: the machine has ended$/,
    ],
    [
      'a node that failed',
      () => {
        const fault = { unit: 'kiln-scratch.service', what: 'no disks', where: '/dev', hint: 'add some' };
        says(SECOND, { phase: 'failed', fault });
      },
      /^local-worker-2: kiln-scratch\.service: no disks \(\/dev\)$/,
    ],
    [
      'a node of another image',
      () => {
        says(SECOND, { image: { digest: 'sha256:other', contentId: 'x', matches: true } });
      },
      /^local-worker-2: runs another image/,
    ],
    [
      'a broken seal',
      () => {
        says(SECOND, { seal: { rootHash: 'a', intact: false, stops: true } });
      },
      /^local-worker-2: .*the seal is broken$/,
    ],
    [
      'files that are not the image’s',
      () => {
        says(SECOND, { files: { files: 9, damaged: 3 } });
      },
      /^local-worker-2: 3 files are not those of its image$/,
    ],
    [
      'a node on its way',
      () => {
        says(SECOND, { phase: 'scratch' });
      },
      /^local-worker-2: is not ready yet: scratch$/,
    ],
    [
      'a worker that the master lost',
      () => {
        machinery.page = page({ workers: [worker(FIRST), worker(SECOND, { state: 'DEAD' })] });
      },
      /^local-worker-2: the master counts it as DEAD$/,
    ],
    [
      'a worker that the master never saw',
      () => {
        machinery.page = page({ workers: [worker(FIRST)] });
      },
      /^local-worker-2: the master does not know this worker$/,
    ],
    [
      'an exporter that does not answer',
      () => {
        machinery.inside.delete(`http://${SECOND}:9477/status.json`);
      },
      /^local-worker-2: does not answer at its exporter/,
    ],
    [
      'no scratch',
      () => {
        says(SECOND, {}, { scratch: null });
      },
      /^local-worker-2: \/scratch is not mounted$/,
    ],
    [
      'a scratch that df calls full, whatever it keeps for root',
      () => {
        says(SECOND, {}, { scratch: { sizeBytes: 100, usedBytes: 85, freeBytes: 9, readOnly: false } });
      },
      /^local-worker-2: \/scratch is 91 % full/,
    ],
    [
      'a scratch that takes no writes',
      () => {
        says(SECOND, {}, { scratch: { sizeBytes: 100, usedBytes: 9, freeBytes: 91, readOnly: true } });
      },
      /^local-worker-2: \/scratch takes no writes/,
    ],
    [
      'a master that is gone',
      () => {
        machinery.page = undefined;
      },
      /^local: the master does not answer$/,
    ],
    [
      'an application that waits',
      () => {
        machinery.page = page({ activeapps: [app('app-1', { state: 'WAITING', cores: 0 })] });
      },
      /^app-1 \(etl\): waits for executors: no worker has the cores and memory/,
    ],
    [
      'a canary that left out a worker',
      () => {
        says(MASTER, { canary: { at: 0, seconds: 1, proved: [FIRST], missing: [SECOND] } });
      },
      /^local: the canary ran no executor on 10\.213\.0\.21$/,
    ],
    [
      'a dead cluster',
      async () => {
        await (await machinery.sandboxes.find(join(machinery.clusters, 'local')))?.end();
      },
      /^local: its processes have ended$/,
    ],
  ])('%s is named, once', async (_, change, expected) => {
    await change();
    const found = await said();
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  it('is not the clock of a container: that is this machine’s', async () => {
    says(SECOND, {}, { clock: { synchronised: false, offsetSeconds: 0, greatestErrorSeconds: 16 } });
    const all = await seen();
    expect(wrong(all)).toEqual([]);
    const nodes = all.nodes.map((node) => ({ ...node, machine: 'qemu' }));
    expect(wrong({ ...all, nodes }).map(({ what }) => what)).toEqual([
      'the clock is not synchronised: it may be off by 16 s',
    ]);
  });
});

describe('what Prometheus scrapes', () => {
  it('is every node, master and workers, and drivers as long as they run', async () => {
    const rows = async (): Promise<string[]> =>
      targets(await seen()).map(
        ({ targets: [target], labels }) =>
          `${labels['part'] ?? ''} ${target ?? ''}${labels['__metrics_path__'] ?? ''}`,
      );
    const daemons = [
      `node ${MASTER}:9477/metrics`,
      `node ${FIRST}:9477/metrics`,
      `node ${SECOND}:9477/metrics`,
      `master ${MASTER}:8080/metrics/master/prometheus/`,
      `master ${MASTER}:8080/metrics/applications/prometheus/`,
      `worker ${FIRST}:8081/metrics/prometheus/`,
      `worker ${SECOND}:8081/metrics/prometheus/`,
    ];
    expect(await rows()).toEqual(daemons);
    machinery.page = page({ activeapps: [app('app-1')] });
    machinery.inside.set(`http://${MASTER}:4041/api/v1/applications`, [{ id: 'app-1' }]);
    expect(await rows()).toEqual([
      ...daemons,
      `driver ${MASTER}:4041/metrics/prometheus/`,
      `driver ${MASTER}:4041/metrics/executors/prometheus`,
    ]);
  });
});

describe('the canary of kiln machines wait', () => {
  const waiting = (canary = true): ReturnType<typeof wait> =>
    wait(machinery, clusterPaths('local', state, machinery.clusters), {
      workers: 2,
      timeout: 60,
      canary,
      onStep: (line) => {
        steps.push(line);
      },
    });
  const ran = { seconds: 9.5, proved: [FIRST, SECOND], missing: [], ran: true };

  it('runs once the workers are registered, and its answer is told', async () => {
    answer = { stdout: JSON.stringify(ran) };
    expect((await waiting()).canary).toEqual(ran);
    expect(steps.at(-1)).toBe('canary: ran on 2 workers in 9.5 s');
  });

  it('is not run where it is not wanted', async () => {
    answer = { code: 3, stderr: 'must not be asked' };
    expect((await waiting(false)).canary).toBeNull();
  });

  it.each([
    [
      { code: 1, stdout: JSON.stringify({ ...ran, missing: [SECOND] }) },
      /no executor ran on 10\.213\.0\.21$/,
    ],
    [{ code: 1, stderr: 'no free core' }, /no job could be run on them\nno free core$/],
  ])('fails the wait with what it came to', async (came, what) => {
    answer = came;
    await expect(waiting()).rejects.toMatchObject({
      code: 'canary-failed',
      message: expect.stringMatching(what) as string,
    });
  });
});
