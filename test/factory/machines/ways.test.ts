import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SECRETS } from '../../../factory/machines/cluster';
import { pagesOf } from '../../../factory/machines/pages';
import { up } from '../../../factory/machines/up';
import { wayTo, waysInto } from '../../../factory/machines/ways';
import type { LaunchGroup } from '../../../factory/contracts/launch';
import { type FakeMachinery, fakeMachinery } from './fakes';
import { IMAGE, masterGroup } from './group';

let folder: string;
let machinery: FakeMachinery;
/** What is answered on this machine, by address. */
let answers: Map<string, unknown>;
/** Of the node's own list of jobs. */
let jobs: unknown;

const MASTER = 'http://127.0.0.1:40001';
const HISTORY = 'http://127.0.0.1:40002';
const NOTEBOOK = 'http://127.0.0.1:40003';

const app = (id: string, name: string): object => ({
  ...{ id, name, user: 'spark', state: 'RUNNING', cores: 1, starttime: 0 },
});
const job = (id: string, application: string | null): object => ({
  ...{
    version: 1,
    id,
    name: 'etl',
    argv: [],
    internal: false,
    state: 'running',
    started: 1,
    ended: null,
    end: null,
  },
  submitted: { at: 1, by: 'root', mode: 'attached' },
  application,
});
const beside = (role: 'history' | 'notebook', first: string): LaunchGroup => {
  const group = masterGroup();
  return {
    ...group,
    group: role,
    network: { ...group.network, first },
    credentials: { ...group.credentials, 'notebook-token': { generate: 'cluster' } },
    node: {
      ...group.node,
      role,
      secrets: {
        ...group.node.secrets,
        ...(role === 'notebook' ? { notebook: { credential: 'notebook-token' } } : {}),
      },
    },
  };
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-ways-'));
  const state = join(folder, 'project', '.kiln');
  mkdirSync(state, { recursive: true });
  jobs = [];
  const fake = fakeMachinery(join(folder, 'run', 'clusters'), (program) =>
    program === 'enter' ? { stdout: JSON.stringify(jobs) } : {},
  );
  mkdirSync(join(fake.clusters, 'local'), { recursive: true });
  answers = new Map<string, unknown>([
    [
      `${MASTER}/json/`,
      { status: 'ALIVE', workers: [], activeapps: [app('app-1', 'etl'), app('app-2', 'load')] },
    ],
    [`${MASTER}/proxy/app-1/api/v1/applications`, []],
    [`${HISTORY}/api/v1/version`, {}],
    [`${HISTORY}/api/v1/applications`, [{ id: 'app-0', name: 'etl' }]],
    [`${HISTORY}/api/v1/applications/app-0`, {}],
    [`${NOTEBOOK}/api`, {}],
  ]);
  machinery = Object.assign(fake, { fetchJson: (url: string) => Promise.resolve(answers.get(url)) });
  for (const group of [masterGroup(), beside('history', '10.213.0.11'), beside('notebook', '10.213.0.12')])
    await up(machinery, group, {
      root: join(folder, 'project'),
      state,
      image: IMAGE,
      onStep: () => undefined,
    });
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the ways into a cluster', () => {
  it('are its pages and those of its running jobs; a notebook’s holds the token that the cluster made', async () => {
    const token = await (
      await machinery.sandboxes.find(join(machinery.clusters, 'local'))
    )?.read(join(SECRETS, 'notebook-token'));
    expect((await waysInto(machinery, 'local')).map(({ page, url, secret }) => [page, url, secret])).toEqual([
      ['master', MASTER, false],
      ['history', HISTORY, false],
      ['notebook', `${NOTEBOOK}/lab?token=${token ?? ''}`, true],
      ['app-1', `${MASTER}/proxy/app-1/jobs/`, false],
      ['app-2', `${MASTER}/proxy/app-2/jobs/`, false],
    ]);
  });

  it.each([
    ['master', MASTER],
    ['history', HISTORY],
    ['app-1', `${MASTER}/proxy/app-1/jobs/`],
    ['etl', `${MASTER}/proxy/app-1/jobs/`],
    ['j-1', `${MASTER}/proxy/app-1/jobs/`],
    ['app-0', `${HISTORY}/history/app-0/jobs/`],
    ['j-0', `${HISTORY}/history/app-0/jobs/`],
  ])('lead to %s', async (wanted, url) => {
    jobs = [job('j-0', 'app-0'), job('j-1', 'app-1')];
    expect((await wayTo(machinery, 'local', wanted)).url).toBe(url);
  });

  it.each([
    ['nothing', 'no-page', /no page and no running job nothing/],
    // Its driver does not answer.
    ['app-2', 'page-silent', /app-2 does not answer/],
    ['j-2', 'no-page', /has no Spark application yet/],
  ])('to %s there is none, with the reason', async (wanted, code, message) => {
    jobs = [job('j-2', null)];
    await expect(wayTo(machinery, 'local', wanted)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('to one of two jobs of a name there is none without its id', async () => {
    answers.set(`${MASTER}/json/`, {
      ...{ status: 'ALIVE', workers: [], activeapps: [app('app-1', 'etl'), app('app-2', 'etl')] },
    });
    await expect(wayTo(machinery, 'local', 'etl')).rejects.toMatchObject({
      code: 'page-ambiguous',
      hint: expect.stringContaining('app-1, app-2') as string,
    });
  });

  it('to a cluster that has ended there are none', async () => {
    await (await machinery.sandboxes.find(join(machinery.clusters, 'local')))?.end();
    await expect(waysInto(machinery, 'local')).rejects.toMatchObject({ code: 'no-cluster' });
  });
});

it('a page is called by what it is, whichever order the ports came in; another kiln’s ports have no page', () => {
  expect(Object.keys(pagesOf({ 4040: 1, 8888: 2, 18080: 3, 8080: 4 }))).toEqual([
    'master',
    'history',
    'notebook',
  ]);
});
