import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defined } from '../../../factory/defined';
import { KilnError } from '../../../factory/errors';
import { clusterPaths, SECRETS } from '../../../factory/machines/cluster';
import { down } from '../../../factory/machines/down';
import { listClusters } from '../../../factory/machines/list';
import { enterWords, submitWords } from '../../../factory/machines/submit';
import { up, type UpResult } from '../../../factory/machines/up';
import { consoleTail, wait } from '../../../factory/machines/wait';
import type { FakeSandbox } from '../../../factory/ports/sandbox/sandbox-fake';
import { type FakeMachinery, fakeMachinery } from './fakes';
import { IMAGE, launchGroup, masterGroup } from './group';

let folder: string;
let root: string;
let state: string;
let machinery: FakeMachinery;
let steps: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-machines-'));
  root = join(folder, 'project');
  state = join(root, '.kiln');
  mkdirSync(state, { recursive: true });
  machinery = fakeMachinery(join(folder, 'run', 'clusters'));
  // The real sandbox makes its folder; the records lie in it.
  mkdirSync(join(machinery.clusters, 'local'), { recursive: true });
  steps = [];
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const onStep = (line: string): void => {
  steps.push(line);
};
const start = (group = launchGroup(), from = root): Promise<UpResult> =>
  up(machinery, group, { root: from, state: join(from, '.kiln'), image: IMAGE, onStep });
const end = (group?: string): ReturnType<typeof down> =>
  down(machinery, { cluster: 'local', root, state, onStep, ...defined({ group }) });
const sandbox = async (): Promise<FakeSandbox> => {
  const found = await machinery.sandboxes.find(join(machinery.clusters, 'local'));
  if (found === undefined) throw new Error('no sandbox');
  return found;
};
const paths = (): ReturnType<typeof clusterPaths> => clusterPaths('local', state, machinery.clusters);

async function failure(action: Promise<unknown>): Promise<KilnError> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof KilnError) return error;
  throw new Error(`expected a KilnError, got ${String(error)}`);
}

describe('kiln machines up', () => {
  it('starts a group once and leaves it alone afterwards', async () => {
    const first = await start();
    expect(first.machines.map(({ name, done }) => [name, done])).toEqual([
      ['local-worker-1', 'started'],
      ['local-worker-2', 'started'],
    ]);
    const second = await start();
    expect(second.machines.map(({ done }) => done)).toEqual(['kept', 'kept']);
    expect(machinery.driver.started).toEqual(['local-worker-1', 'local-worker-2']);
  });

  it('starts again only the machine that ended', async () => {
    await start();
    await (await sandbox()).kill('local-worker-2');
    const { machines } = await start();
    expect(machines.map(({ done }) => done)).toEqual(['kept', 'started']);
  });

  it('replaces machines of another image, and starts them from an empty folder', async () => {
    await start();
    const old = join(state, 'clusters', 'local', 'local-worker-1', 'var');
    mkdirSync(old);
    const image = { digest: `sha256:${'c'.repeat(64)}`, contentId: `sha256:${'d'.repeat(64)}` };
    const group = launchGroup({ image, node: { ...launchGroup().node, image } });
    await up(machinery, group, { root, state, image: { ...IMAGE, digest: image.digest }, onStep });
    expect(machinery.driver.stopped).toEqual(['local-worker-1', 'local-worker-2']);
    expect(steps.at(-1)).toContain('another image');
    expect(existsSync(old)).toBe(false);
  });

  it('removes what is too many', async () => {
    await start();
    const { removed } = await start(launchGroup({ count: 1 }));
    expect(removed).toEqual(['local-worker-2']);
    expect(machinery.driver.stopped).toEqual(['local-worker-2']);
  });

  it('starts everything anew after the sandbox was killed', async () => {
    await start();
    await (await sandbox()).end();
    mkdirSync(join(machinery.clusters, 'local'), { recursive: true });
    const { machines } = await start();
    expect(machines.map(({ done }) => done)).toEqual(['started', 'started']);
  });

  it('makes the secret of the cluster once, for all its groups', async () => {
    await start(masterGroup());
    const made = await (await sandbox()).read(join(SECRETS, 'spark-secret'));
    expect(made).toMatch(/^[0-9a-f]{64}$/);
    await start();
    expect(await (await sandbox()).read(join(SECRETS, 'spark-secret'))).toBe(made);
  });

  it('replaces machines when the value of a credential changes', async () => {
    const group = launchGroup({ credentials: { 'store-ca': { file: '.kiln/store/ca.pem' } } });
    mkdirSync(join(state, 'store'));
    writeFileSync(join(state, 'store', 'ca.pem'), 'one');
    await start(group);
    writeFileSync(join(state, 'store', 'ca.pem'), 'two');
    expect((await start(group)).machines[0]?.done).toBe('started');
    expect(await (await sandbox()).read(join(SECRETS, 'store-ca'))).toBe('two');
  });

  it('names every credential that is missing and how to get it, before anything is started', async () => {
    const error = await failure(
      start(
        launchGroup({
          credentials: {
            'store-ca': { file: '.kiln/store/ca.pem' },
            'store-access-key': { file: '.kiln/store/access-key' },
          },
        }),
      ),
    );
    expect(error.code).toBe('credential-missing');
    expect(error.faults.map(({ where }) => where)).toEqual([
      'credentials.store-ca',
      'credentials.store-access-key',
    ]);
    expect(error.faults[0]?.hint).toContain('kiln store up');
    expect(await machinery.sandboxes.find(join(machinery.clusters, 'local'))).toBeUndefined();
  });

  it('gives the master its page on this machine, the same one each time, and workers none', async () => {
    const { pages } = await start(masterGroup());
    expect(pages).toEqual({ master: 'http://127.0.0.1:40001' });
    expect((await start(masterGroup())).pages).toEqual(pages);
    expect((await start()).pages).toEqual({});
  });

  it('refuses a cluster that another project has', async () => {
    await start();
    const other = join(folder, 'other');
    mkdirSync(join(other, '.kiln'), { recursive: true });
    const error = await failure(start(launchGroup(), other));
    expect(error.code).toBe('cluster-held');
    expect(error.hint).toContain(root);
  });

  it('refuses a group whose network is not the one of the running cluster', async () => {
    await start();
    const network = { ...launchGroup().network, forward: { '7443': '127.0.0.1:9000' } };
    const error = await failure(start(launchGroup({ group: 'more', network })));
    expect(error.code).toBe('cluster-differs');
    expect(error.faults.map(({ where }) => where)).toEqual(['network.forward.7443']);
  });

  it('takes nspawn for auto where KVM does not work, and says why', async () => {
    expect((await start(launchGroup({ machine: 'auto' }))).machine).toBe('nspawn');
    expect(steps[0]).toBe('machine: auto is nspawn: a test');
  });
});

describe('kiln machines down', () => {
  it('ends one group and keeps the other', async () => {
    await start(masterGroup());
    await start();
    expect(await end('worker')).toEqual({
      cluster: 'local',
      removed: ['local-worker-1', 'local-worker-2'],
      gone: false,
    });
    expect(readdirSync(join(state, 'clusters', 'local'))).toEqual(['local-master-1']);
    expect(await (await sandbox()).alive('local-master-1')).toBeDefined();
  });

  it('takes the cluster away with its last group', async () => {
    await start(masterGroup());
    await start();
    await end('worker');
    expect((await end('master')).gone).toBe(true);
    expect(await machinery.sandboxes.find(join(machinery.clusters, 'local'))).toBeUndefined();
    expect(existsSync(join(state, 'clusters'))).toBe(false);
  });

  it('removes what a killed cluster left, and a second time is no error', async () => {
    await start();
    await (await sandbox()).end();
    expect((await end()).gone).toBe(true);
    expect(existsSync(join(state, 'clusters'))).toBe(false);
    expect((await end()).gone).toBe(true);
  });

  it('removes a cluster whose records are damaged', async () => {
    await start();
    writeFileSync(join(machinery.clusters, 'local', 'machines', 'local-worker-1.json'), '{');
    expect((await end()).gone).toBe(true);
  });
});

describe('kiln machines wait', () => {
  const workers = (n: number): unknown => ({
    workers: [{ state: 'DEAD' }, ...Array.from({ length: n }, () => ({ state: 'ALIVE' }))],
  });
  const waiting = (): ReturnType<typeof wait> =>
    wait(machinery, paths(), { workers: 2, timeout: 60, canary: false, onStep });
  const all = ['local-master-1', 'local-worker-1', 'local-worker-2'];

  beforeEach(async () => {
    await start(masterGroup());
    await start();
    steps = [];
  });

  it('returns when all are ready and the master counts the living workers', async () => {
    machinery.onSleep = (now) => {
      if (now === 1000) for (const name of all) machinery.driver.say(name, 'ready');
      if (now === 2000) machinery.page = workers(1);
      if (now === 3000) machinery.page = workers(2);
    };
    expect(await waiting()).toEqual({ machines: 3, workers: 2, canary: null, seconds: 3 });
    expect(steps).toContain('   2 s  master: 1 of 2 workers registered');
  });

  it('fails at once with the fault that a node names', async () => {
    machinery.onSleep = (now) => {
      if (now === 1000) {
        machinery.driver.say('local-worker-2', 'failed', {
          unit: 'kiln-scratch.service',
          what: 'found 1 of 2 disks',
          where: '/dev',
          hint: 'attach the other one',
        });
      }
    };
    const error = await failure(waiting());
    expect(error.code).toBe('node-failed');
    expect(error.faults).toEqual([
      {
        where: 'local-worker-2: kiln-scratch.service',
        what: 'found 1 of 2 disks (/dev)',
        hint: expect.stringContaining('local-worker-2/console.log') as string,
      },
    ]);
    expect(machinery.clock.now()).toBe(1000);
  });

  it('fails at once when a machine ends, with the end of its console', async () => {
    const log = join(state, 'clusters', 'local', 'local-worker-1', 'console.log');
    writeFileSync(log, 'Freezing execution\r\n');
    await (await sandbox()).kill('local-worker-1');
    const [fault] = (await failure(waiting())).faults;
    expect(fault).toEqual({
      where: 'local-worker-1',
      what: 'ended\nFreezing execution',
      hint: `its console: ${log}`,
    });
  });

  it('gives up after its time and says what each machine last said', async () => {
    for (const name of all.slice(0, 2)) machinery.driver.say(name, 'ready');
    const error = await failure(waiting());
    expect(error.code).toBe('wait-timeout');
    expect(error.faults.map(({ where }) => where)).toEqual(['local-worker-2']);
    expect(machinery.clock.now()).toBe(60_000);
  });

  it('says that there is no such cluster', async () => {
    const other = clusterPaths('other', state, machinery.clusters);
    expect(
      (await failure(wait(machinery, other, { workers: 0, timeout: 1, canary: false, onStep }))).code,
    ).toBe('no-cluster');
  });
});

describe('a job', () => {
  it('is started in the master machine', async () => {
    await start(masterGroup());
    const { words } = await submitWords(machinery, paths(), ['-m', 'flights.etl']);
    expect(words).toEqual(['enter', '/usr/bin/kiln-submit', '-m', 'flights.etl']);
  });

  it('needs a master that runs', async () => {
    await start();
    expect((await failure(submitWords(machinery, paths(), []))).code).toBe('no-master');
  });
});

describe('a command in a machine', () => {
  it('runs in the master, or in the machine that is named', async () => {
    await start(masterGroup());
    await start();
    const hadoop = ['hadoop', 'fs', '-ls'];
    expect((await enterWords(machinery, paths(), hadoop)).words).toEqual(['enter', ...hadoop]);
    expect((await enterWords(machinery, paths(), hadoop, 'local-worker-1')).words).toEqual([
      'enter',
      ...hadoop,
    ]);
    expect((await failure(enterWords(machinery, paths(), hadoop, 'local-worker-9'))).code).toBe('no-machine');
  });
});

describe('kiln clusters', () => {
  it('lists nodes with what they say, and clusters whose processes have ended', async () => {
    await start(masterGroup());
    machinery.driver.say('local-master-1', 'ready');
    expect(await listClusters(machinery)).toMatchObject([
      {
        cluster: 'local',
        project: root,
        state: 'up',
        pages: { master: 'http://127.0.0.1:40001' },
        nodes: [{ name: 'local-master-1', role: 'master', address: '10.213.0.10', phase: 'ready' }],
      },
    ]);
    await (await sandbox()).end();
    expect(await listClusters(machinery)).toMatchObject([{ state: 'dead', nodes: [{ phase: 'ended' }] }]);
  });
});

describe('the end of a console', () => {
  it('has no terminal control and no empty lines', () => {
    const text = '\u001B[0;32m  OK  \u001B[0m up\r\n\r\n\u001B]0;title\u0007login: \rlast';
    expect(consoleTail(text, 2)).toBe('login: \nlast');
    expect(consoleTail(text, 9)).toBe('  OK   up\nlogin: \nlast');
  });
});
