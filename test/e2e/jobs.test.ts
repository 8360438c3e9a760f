import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { RunResult } from '../../factory/ports/machine/exec';
import { hostExec } from '../../factory/ports/machine/exec-host';
import { bakedImage, placeImage } from './image';
import { FIRST_WORKER, launchFile, MASTER } from './launch';

/* Jobs of one small cluster: their exit codes, their ends, and what is left of them. */
const HOME = join(__dirname, '../..');
const CLUSTER = 'jobs-e2e';
const ANY = Array.from({ length: 256 }, (_, code) => code);
const ENDS = '/scratch/ends.py';
/** The image has no curl. */
const MASTER_PAGE = `import urllib.request; print(urllib.request.urlopen('http://${MASTER}:8080/json/').read().decode())`;

const found = bakedImage();

const Jobs = z.object({
  clusters: z.array(
    z.object({
      jobs: z.array(
        z.object({
          id: z.string(),
          state: z.string(),
          application: z.string().nullable(),
          end: z.object({ code: z.number(), cause: z.string() }).nullable(),
        }),
      ),
    }),
  ),
});
type Job = z.infer<typeof Jobs>['clusters'][number]['jobs'][number];
const Master = z.object({ activeapps: z.array(z.unknown()), coresused: z.number() });

describe.skipIf(typeof found === 'string')(
  `jobs${typeof found === 'string' ? ` (${found})` : ''}`,
  { timeout: 240_000 },
  () => {
    if (typeof found === 'string') return;
    let project: string;

    const kiln = (args: readonly string[], accept: readonly number[] = [0]): Promise<RunResult> =>
      hostExec.run(join(HOME, 'bin/kiln'), args, { cwd: project, accept });
    const inMachine = (machine: string, ...words: readonly string[]): Promise<RunResult> =>
      kiln(
        ['machines', 'exec', '--cluster', CLUSTER, '--machine', `${CLUSTER}-${machine}`, '--', ...words],
        ANY,
      );
    const run = (...job: readonly string[]): Promise<RunResult> => kiln(['run', CLUSTER, '--', ...job], ANY);
    const jobs = async (...words: readonly string[]): Promise<readonly Job[]> => {
      const { stdout } = await kiln(['jobs', CLUSTER, '--json', ...words]);
      return Jobs.parse(JSON.parse(stdout)).clusters[0]?.jobs ?? [];
    };
    const last = async (): Promise<Job> => {
      const job = (await jobs('--all')).at(-1);
      if (job === undefined) throw new Error('there is no job');
      return job;
    };
    /** `kiln run` that is still running, once its driver has said so. */
    const begin = async (...job: readonly string[]): Promise<ChildProcess> => {
      const child = spawn(join(HOME, 'bin/kiln'), ['run', CLUSTER, '--', ...job], {
        cwd: project,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      await once(child.stdout, 'data');
      child.stdout.resume();
      return child;
    };
    const end = async (child: ChildProcess): Promise<number | NodeJS.Signals | null> => {
      const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
      return code ?? signal;
    };
    /** Until nothing of any job is left: for the master, on the worker, and in the list. */
    const nothingLeft = async (): Promise<void> => {
      await expect
        .poll(
          async () => {
            const page = await inMachine('master-1', '/usr/bin/python3', '-c', MASTER_PAGE);
            const { activeapps, coresused } = Master.parse(JSON.parse(page.stdout));
            const executors = await inMachine('worker-1', 'pgrep', '-fc', 'CoarseGrained|[p]yspark.daemon');
            const drivers = await inMachine('master-1', 'pgrep', '-fc', '[S]parkSubmit|kiln-drive[r]');
            return [
              activeapps.length,
              coresused,
              executors.stdout.trim(),
              drivers.stdout.trim(),
              await jobs(),
            ];
          },
          { timeout: 60_000, interval: 500 },
        )
        .toEqual([0, 0, '0', '0', []]);
    };
    /** Processes of this machine below one, deepest last, by what their command line holds. */
    const below = (parent: number, word: string): number => {
      const deepest = (pid: number): number | undefined => {
        const children = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8');
        const inside = children.trim().split(' ').filter(Boolean).map(Number).map(deepest);
        const command = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return inside.find((one) => one !== undefined) ?? (command.includes(word) ? pid : undefined);
      };
      const one = deepest(parent);
      if (one === undefined) throw new Error(`no process of ${word}`);
      return one;
    };

    beforeAll(async () => {
      project = mkdtempSync(join(tmpdir(), 'kiln-jobs-'));
      copyFileSync(join(HOME, 'factory.yaml'), join(project, 'factory.yaml'));
      placeImage(project, found);
      const up = (role: 'master' | 'worker', first: string): Promise<RunResult> =>
        kiln([
          ...['machines', 'up', '--spec'],
          launchFile(project, found, { cluster: CLUSTER, role, count: 1, first }),
        ]);
      await up('master', MASTER);
      await up('worker', FIRST_WORKER);
      await kiln(['machines', 'wait', '--cluster', CLUSTER, '--workers', '1', '--timeout', '600']);
      const scratch = join(project, '.kiln/clusters', CLUSTER, `${CLUSTER}-master-1`, 'scratch');
      copyFileSync(join(__dirname, 'jobs/ends.py'), join(scratch, 'ends.py'));
    });

    afterAll(async () => {
      await kiln(['machines', 'down', '--cluster', CLUSTER], ANY);
      rmSync(project, { recursive: true, force: true });
    });

    it('knows every option that the image’s spark-submit has', async () => {
      const help = await inMachine('master-1', '/opt/spark/bin/spark-submit', '--help');
      const listed = [...`${help.stdout}${help.stderr}`.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(
        ([, name]) => name,
      );
      expect(listed.length).toBeGreaterThan(20);
      const words =
        'import sys; sys.path.insert(0, "/usr/lib/kiln"); from kiln_node.jobs import options; print(*options.VALUED, *options.SWITCHES)';
      const known = (await inMachine('master-1', 'python3', '-c', words)).stdout.trim().split(' ');
      expect(listed.filter((name) => !known.includes(name ?? ''))).toEqual([]);
    });

    it('does not count the canary among people’s jobs', async () => {
      expect(await jobs('--all')).toEqual([]);
    });

    it('hands a script its arguments as they are, whatever they look like', async () => {
      const own = [
        '-m',
        'x',
        '--conf',
        'spark.executor.memory=1t',
        '--help',
        '',
        'a  b',
        '$HOME',
        '${HOME}',
        '%n',
        '--',
        '"\'\\',
        'é\n',
      ];
      const { stdout } = await run('--name', '-m', ENDS, 'arguments', ...own);
      expect(JSON.parse(stdout)).toEqual(own);
    });

    it.each([
      ['seven', 7, 'failed'],
      ['words', 1, 'failed'],
      ['below zero', 255, 'failed'],
      ['os._exit', 9, 'failed'],
      ['segv', 139, 'failed'],
      ['term', 143, 'failed'],
      ['kill', 137, 'failed'],
      ['kill jvm', 137, 'failed'],
      ['term jvm', 143, 'failed'],
      ['kill supervisor', 137, 'failed'],
      ['after stop', 1, 'failed'],
    ])('ends as its driver does: %s is %i', async (way, code, state) => {
      const ended = await run(ENDS, way);
      const job = await last();
      expect([ended.code, job.state, job.end?.code]).toEqual([code, state, code]);
      expect(ended.stderr).toMatch(
        new RegExp(`^kiln: job ${job.id} failed with exit code ${String(code)}`, 'm'),
      );
    });

    it.each([
      [['--foo', ENDS], 2],
      [['-m'], 2],
      [['--deploy-mode', 'cluster', ENDS], 2],
    ])('is wrong use: %j', async (words, code) => {
      const before = await jobs('--all');
      expect((await run(...words)).code).toBe(code);
      expect((await kiln(['run', CLUSTER, '--detach', '--', ...words], ANY)).code).toBe(code);
      expect(await jobs('--all')).toEqual(before);
    });

    it.each([
      ['SIGINT to kiln run', 'SIGINT', 130, 'cancelled'],
      ['SIGTERM to kiln run', 'SIGTERM', 143, 'cancelled'],
      ['kill -9 of kiln run', 'SIGKILL', 'SIGKILL', 'caller'],
    ] as const)('leaves nothing after %s', async (_, signal, code, cause) => {
      const child = await begin(ENDS, 'waits');
      child.kill(signal);
      expect(await end(child)).toBe(code);
      await nothingLeft();
      expect(await last()).toMatchObject({ state: 'cancelled', end: { cause } });
    });

    it.each([
      ['kiln-submit', '/usr/bin/kiln-submit', 137],
      ['nsenter', 'nsenter --target', 137],
    ])('leaves nothing after kill -9 of %s', async (_, word, code) => {
      const child = await begin(ENDS, 'stubborn');
      process.kill(below(child.pid ?? 0, word), 'SIGKILL');
      expect(await end(child)).toBe(code);
      await nothingLeft();
      expect(await last()).toMatchObject({ state: 'cancelled', end: { cause: 'caller' } });
    });

    it('is ended at once by a second Ctrl-C', async () => {
      const child = await begin(ENDS, 'stubborn');
      // Its JVM may end at the first one.
      const ended = end(child);
      child.kill('SIGINT');
      await sleep(500);
      child.kill('SIGINT');
      expect(await ended).toBe(130);
      await nothingLeft();
    });

    it('is cancelled by the last letters of its ID, once', async () => {
      const child = await begin(ENDS, 'waits');
      const { id, application } = await last();
      expect(application).toMatch(/^app-/);
      const status = await kiln(['status', CLUSTER], ANY);
      expect(status.stdout).toMatch(new RegExp(`${application ?? ''} .* ${id} `));
      const ended = end(child);
      await kiln(['cancel', CLUSTER, id.slice(-4)]);
      expect(await ended).toBe(143);
      await nothingLeft();
      const again = await kiln(['cancel', CLUSTER, id], ANY);
      expect([again.code, again.stderr]).toEqual([
        1,
        expect.stringContaining('has already ended: cancelled'),
      ]);
      expect((await kiln(['cancel', CLUSTER, 'nope'], ANY)).code).toBe(1);
      expect((await kiln(['status', CLUSTER], ANY)).stdout).toMatch(new RegExp(`${id} .* cancelled`));
    });

    it('goes on detached, is followed to its exit code, and its output stays', async () => {
      const id = (await kiln(['run', CLUSTER, '--detach', '--', ENDS, 'detached'])).stdout.trim();
      const followed = await kiln(['logs', CLUSTER, id, '-f'], ANY);
      expect([followed.code, followed.stdout]).toEqual([3, 'sum 499500\n']);
      expect(followed.stderr).toContain('INFO SparkContext');
      const again = await kiln(['logs', CLUSTER, id, '--stdout']);
      expect([again.stdout, again.stderr]).toEqual(['sum 499500\n', '']);
    });

    it('cancels what does not listen at once when told so, and a stopped unit is no success', async () => {
      const stubborn = await begin(ENDS, 'stubborn');
      const first = end(stubborn);
      await kiln(['cancel', CLUSTER, (await last()).id, '--now']);
      expect(await first).toBe(137);
      const waiting = await begin(ENDS, 'waits');
      const second = end(waiting);
      await inMachine('master-1', 'systemctl', 'stop', 'spark-driver-*');
      expect(await second).toBe(143);
      expect(await last()).toMatchObject({ state: 'failed', end: { cause: 'stopped' } });
      await nothingLeft();
      const folders = join(project, '.kiln/clusters', CLUSTER, `${CLUSTER}-master-1`, 'scratch/jobs');
      expect(readdirSync(folders)).toContain((await last()).id);
    });
  },
);
