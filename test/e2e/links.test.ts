import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bakedImage } from './image';
import { MASTER } from './launch';
import { Cluster, HISTORY, NOTEBOOK } from './spark/cluster';
import { crawl, type Get, getHere } from './spark/crawl';

/* One cluster with two jobs and a notebook at once: every page that is shown answers, and Stop stops. */
const found = bakedImage();
/** Generous: it ends as soon as it is so. */
const patient = { timeout: 240_000, interval: 1000 };
/** Spark's own web site, and what the page of a notebook names for the case that its server is a hub. */
const ELSEWHERE = /^https?:\/\/(?!127\.0\.0\.1|10\.213\.)/;

const Status = z.object({
  clusters: z.array(
    z.object({
      cluster: z.string(),
      pages: z.record(z.string(), z.string()),
      nodes: z.array(
        z.object({
          name: z.string(),
          role: z.string(),
          scratchBytes: z.object({ total: z.number(), used: z.number(), free: z.number() }).nullable(),
        }),
      ),
      applications: z.array(z.object({ id: z.string(), name: z.string(), page: z.string() })),
    }),
  ),
});
const Pages = z.object({ pages: z.array(z.object({ page: z.string(), url: z.string() })) });
const Executors = z.array(z.object({ id: z.string(), executorLogs: z.record(z.string(), z.string()) }));

describe.skipIf(typeof found === 'string')(
  `Every link${typeof found === 'string' ? ` (${found})` : ''}`,
  { timeout: 600_000 },
  () => {
    if (typeof found === 'string') return;
    let cluster: Cluster;
    const jobs: Promise<unknown>[] = [];

    const scripts = (machine: string, ...names: readonly string[]): void => {
      for (const name of names)
        copyFileSync(join(__dirname, 'spark', name), join(cluster.scratch(machine), name));
    };
    const status = async (): Promise<z.infer<typeof Status>['clusters'][number]> => {
      const { stdout } = await cluster.kiln(['status', cluster.name, '--json'], [0, 1]);
      const [one] = Status.parse(JSON.parse(stdout)).clusters;
      if (one === undefined) throw new Error('no cluster');
      return one;
    };
    const applicationOf = async (name: string): Promise<{ id: string; page: string }> => {
      const one = (await status()).applications.find((app) => app.name === name);
      if (one === undefined) throw new Error(`${name} does not run`);
      return one;
    };
    const open = async (...words: readonly string[]): Promise<unknown> => {
      const { stdout } = await cluster.kiln(['open', cluster.name, ...words, '--json']);
      return JSON.parse(stdout);
    };
    const url = async (page: string): Promise<string> =>
      z.object({ url: z.string() }).parse(await open(page)).url;
    /** Executors' logs as the pages of a job link to them: made by the browser from what this says. */
    const logs = async (application: string): Promise<readonly string[]> => {
      const { text } = await getHere(`${application}/allexecutors`);
      return Executors.parse(JSON.parse(text))
        .flatMap(({ executorLogs }) => Object.values(executorLogs))
        .map((link) => new URL(link, application).href);
    };
    /** As a browser inside the cluster's network does it. */
    const getInside: Get = async (address) => {
      const words = ['-sSL', '--max-time', '20', '-w', '\n%{http_code} %{url_effective}', address];
      const { stdout } = await (await cluster.sandbox()).run('curl', words);
      const [, text = '', code = '', ended = ''] = /^([\s\S]*)\n(\d+) (\S+)$/.exec(stdout) ?? [];
      return { status: Number(code), url: ended, text };
    };

    beforeAll(async () => {
      cluster = await Cluster.start(found, {
        name: 'pages',
        workers: 2,
        worker: { cores: 2, memoryMiB: 2048 },
        // Half a worker, so that the notebook has an executor beside the jobs.
        executorCores: 1,
        notebook: { idleSeconds: 5, idleWithDataSeconds: 5 },
      });
      scripts('master', 'waiting.py');
      scripts('notebook', 'jupyter.py', 'stopping.py', 'commands.py');
      for (const name of ['one', 'two']) {
        const command = `kiln-submit /scratch/waiting.py ${name} /scratch/${name}.go >/scratch/${name}.out 2>&1`;
        const job = cluster.in('master', ['sh', '-c', command]);
        job.catch(() => undefined);
        jobs.push(job);
      }
      const counted = (name: string): boolean => {
        const file = join(cluster.scratch('master'), `${name}.out`);
        return existsSync(file) && readFileSync(file, 'utf8').includes('counted 1000');
      };
      for (let tries = 0; !(counted('one') && counted('two')); tries += 1) {
        if (tries > 480) throw new Error('the jobs do not wait');
        await sleep(500);
      }
    });
    afterAll(async () => {
      await cluster.end();
    });

    describe('with two jobs and a notebook at once', () => {
      it('a notebook has a session beside them', async () => {
        const code =
          'import sys; sys.path.insert(0, "/scratch"); from jupyter import Kernel; ' +
          'print(Kernel().run("spark.range(1000).count()"))';
        const words = ['/opt/conda-env/bin/python', '-c', code, NOTEBOOK, '/run/kiln/notebook/token'];
        expect((await cluster.in('notebook', words)).stdout.trim()).toBe('1000');
      });

      it('that kiln shows answers on this machine, and what it leads to', async () => {
        const one = await status();
        expect(Object.keys(one.pages)).toEqual(['master', 'history', 'notebook']);
        expect(one.applications.map(({ name }) => name).sort()).toEqual(['notebook', 'one', 'two']);
        const { pages } = Pages.parse(await open());
        expect(pages.map(({ page }) => page)).toEqual([
          ...['master', 'history', 'notebook'],
          ...one.applications.map(({ id }) => id),
        ]);
        const shown = [
          ...Object.values(one.pages).filter((page) => page !== one.pages['notebook']),
          ...one.applications.map(({ page }) => page),
          ...pages.map((page) => page.url),
        ];
        const { asked, broken } = await crawl(shown, getHere, { depth: 1, leave: ELSEWHERE });
        expect(broken).toEqual([]);
        // The page of every worker and job, by way of the master's.
        const { pathname } = new URL(one.pages['master'] ?? '');
        expect(pathname).toBe('/');
        for (const part of ['/proxy/worker-', '/proxy/app-', '/logPage/'])
          expect(asked.filter((link) => link.includes(part)).length, part).toBeGreaterThanOrEqual(2);
      });

      it('to an executor’s log answers from each job’s pages', async () => {
        for (const name of ['one', 'two', 'notebook']) {
          const { id, page } = await applicationOf(name);
          const found = await logs(new URL(`../api/v1/applications/${id}`, page).href);
          expect(found.length, name).toBeGreaterThanOrEqual(2);
          const { broken } = await crawl(found, getHere, { depth: 0, leave: ELSEWHERE });
          expect(broken).toEqual([]);
        }
      });

      it('answers inside the cluster too', async () => {
        const { broken } = await crawl([`http://${MASTER}:8080/`, `http://${HISTORY}:18080/`], getInside, {
          depth: 1,
          leave: ELSEWHERE,
        });
        expect(broken).toEqual([]);
      });

      it('leads to registered workers and jobs alone, and ends nothing', async () => {
        const master = await url('master');
        const { id } = await applicationOf('one');
        const post = async (path: string): Promise<number> =>
          (await fetch(`${master}${path}`, { method: 'POST', redirect: 'manual' })).status;
        for (const path of [
          `/proxy/${HISTORY}:18080/`,
          '/proxy/http://127.0.0.1:22/',
          '/proxy/worker-1/',
          `/proxy/app-1/${id}`,
        ])
          expect((await getHere(`${master}${path}`)).status, path).toBeGreaterThanOrEqual(400);
        for (const path of [
          `/app/kill/?id=${id}&terminate=true`,
          `/proxy/${id}/jobs/job/kill/?id=0`,
          `/proxy/${id}/stages/stage/kill/?id=0`,
          `/workers/kill/?host=10.213.0.20`,
        ])
          await post(path);
        await sleep(2000);
        expect((await status()).applications.map(({ name }) => name).sort()).toEqual([
          'notebook',
          'one',
          'two',
        ]);
        expect(await cluster.alive()).toHaveLength(2);
      });

      it('to a job’s bare address leads to its first page, however often it is asked for', async () => {
        const { id } = await applicationOf('one');
        const bare = new URL(`/proxy/${id}/`, await url('master')).href;
        const ended = new Map<string, number>();
        for (let tries = 0; tries < 60; tries += 1) {
          const answer = await getHere(bare);
          const where = `${String(answer.status)} ${new URL(answer.url).pathname}`;
          ended.set(where, (ended.get(where) ?? 0) + 1);
        }
        expect([...ended]).toEqual([[`200 /proxy/${id}/jobs/`, 60]]);
      });

      it('is found by kiln open for a job’s name and its id', async () => {
        const { id, page } = await applicationOf('two');
        expect(await url('two')).toBe(page);
        expect(await url(id)).toBe(page);
        await expect(open('three')).rejects.toThrow(/no running job three/);
      });
    });

    it('shows how full scratch is as df does', async () => {
      const df = async (machine: string): Promise<number> => {
        const { stdout } = await cluster.in(machine, ['df', '--output=pcent', '/scratch']);
        return Number.parseInt(stdout.split('\n')[1] ?? '', 10);
      };
      const machines = ['master', 'worker-1', 'worker-2', 'history', 'notebook'];
      const all = async (): Promise<readonly number[]> => await Promise.all(machines.map(df));
      // Others write to this machine's disk, which is that of every node, meanwhile.
      const before = await all();
      const { nodes } = await status();
      const seen = [...before, ...(await all())];
      expect(nodes).toHaveLength(machines.length);
      for (const { name, scratchBytes } of nodes) {
        if (scratchBytes === null) throw new Error(name);
        const percent = Math.ceil((100 * scratchBytes.used) / (scratchBytes.used + scratchBytes.free));
        expect(percent, name).toBeGreaterThanOrEqual(Math.min(...seen) - 1);
        expect(percent, name).toBeLessThanOrEqual(Math.max(...seen) + 1);
      }
    });

    it('of a job that has ended is in the history, with the logs of its executors', async () => {
      const { id } = await applicationOf('one');
      for (const name of ['one', 'two']) writeFileSync(join(cluster.scratch('master'), `${name}.go`), '');
      await Promise.all(jobs);
      await expect.poll(() => url(id).catch(() => ''), patient).toContain(`/history/${id}/`);
      const history = await url('history');
      const { broken } = await crawl([history, await url(id)], getHere, { depth: 1, leave: ELSEWHERE });
      expect(broken).toEqual([]);
      const found = await logs(`${history}/api/v1/applications/${id}`);
      expect(found.length).toBeGreaterThanOrEqual(2);
      expect((await crawl(found, getHere, { depth: 0, leave: ELSEWHERE })).broken).toEqual([]);
      const lost = await getHere(
        `${history}/proxy/worker-1/logPage/?appId=${id}&executorId=0&logType=stderr`,
      );
      expect(lost).toMatchObject({ status: 404, text: expect.stringContaining('not available') as string });
    });

    describe('a notebook', () => {
      it('Stop cancels the jobs of its cell, leaves an idle kernel alone, and executors are given back', async () => {
        const script = ['/opt/conda-env/bin/python', '/scratch/stopping.py', NOTEBOOK];
        const { stdout } = await cluster.in('notebook', [...script, '/run/kiln/notebook/token']);
        const stopped = [true, '(0, 0)'];
        expect(JSON.parse(stdout)).toEqual({
          idle: [true, '1000)'],
          'an action': stopped,
          'toPandas with Arrow': stopped,
          'a streaming query': stopped,
          'jobs of threads': stopped,
          alive: true,
          executors: expect.stringMatching(/^[1-9]/) as string,
          'executors of an idle notebook': '0',
          'without its JVM': true,
        });
        // One kernel was shut down, one killed: JupyterLab starts the latter anew.
        const names = async (): Promise<number> => (await status()).applications.length;
        await expect.poll(names, patient).toBeLessThanOrEqual(2);
      });

      it('imports every command and extension of its environment, and converts a notebook with a figure', async () => {
        const python = '/opt/conda-env/bin/python';
        const { stdout } = await cluster.in('notebook', [python, '/scratch/commands.py']);
        expect(JSON.parse(stdout)).toEqual({ imported: expect.any(Number) as number, failed: [] });
        const cell = (source: string): object => ({
          ...{ cell_type: 'code', id: 'a', execution_count: null, metadata: {}, outputs: [], source },
        });
        const source =
          'import matplotlib.pyplot as plt\nplt.plot(spark.range(9).toPandas()["id"])\nprint(6 * 7 * 1000)';
        writeFileSync(
          join(cluster.scratch('notebook'), 'figure.ipynb'),
          JSON.stringify({
            ...{ nbformat: 4, nbformat_minor: 5, cells: [cell(source)] },
            metadata: { kernelspec: { name: 'pyspark', display_name: 'PySpark', language: 'python' } },
          }),
        );
        const convert =
          'set -a; . /run/kiln/role-environment; . /run/kiln/environment; ' +
          'export HOME=/scratch/home JUPYTER_PATH=/usr/lib/kiln/notebook/share; cd /scratch/home/notebooks; ' +
          'exec setpriv --reuid=spark --regid=spark --init-groups /opt/conda-env/bin/jupyter nbconvert ' +
          '--execute --to html --output-dir=. /scratch/figure.ipynb';
        await cluster.in('notebook', ['sh', '-c', convert]);
        const page = readFileSync(join(cluster.scratch('notebook'), 'home/notebooks/figure.html'), 'utf8');
        expect(page).toContain('42000');
        expect(page).toContain('data:image/png;base64,');
      });
    });
  },
);
