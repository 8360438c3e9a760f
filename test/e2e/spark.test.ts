import { copyFileSync, cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { RunResult } from '../../factory/ports/machine/exec';
import { bakedImage } from './image';
import { MASTER } from './launch';
import { Cluster, HISTORY, METADATA, NAME, NOTEBOOK } from './spark/cluster';

/* One cluster with every role, three workers: what Spark's part of a node promises, with real processes. */
const found = bakedImage();
/** Generous: it ends as soon as it is so, and a busy machine is not a broken one. */
const patient = { timeout: 240_000, interval: 500 };

const Look = z.object({
  cached: z.record(z.string(), z.number()),
  shuffled: z.array(z.string()),
  sum: z.array(z.number()),
});
/** What a job finds on its driver and on its executors alike (spark/driver/job.py). */
const HAS = {
  'working directory': 'written',
  '/tmp': 'written',
  '/var/tmp': 'written',
  '/dev/shm': 'written',
  home: 'written',
  user: 'spark',
  memory: true,
  swap: true,
  processors: true,
  processor: true,
  load: 3,
  boot: true,
  disks: true,
  cards: true,
  affinity: null,
  semaphore: true,
  children: true,
  users: ['spark'],
  init: false,
  kernel: false,
  settings: false,
  zone: '2023-11-15T07:13:20',
  module: 42,
};
const Has = z.looseObject({
  driver: z.record(z.string(), z.unknown()),
  executor: z.record(z.string(), z.unknown()),
});
/** Sums of 0..89, cached and shuffled: whatever is lost, no answer is. */
const SUM = [4005, 4005];
/** What a client must agree on with the master beside the secret. */
const ENCRYPTED = [
  'spark.network.crypto.enabled=true',
  'spark.network.crypto.cipher=AES/GCM/NoPadding',
  'spark.network.crypto.authEngineVersion=2',
];
const host = (worker: number): string => `${NAME}-worker-${String(worker)}`;
const address = (worker: number): string => `10.213.0.${String(19 + worker)}`;

/** What a job has told under a word. */
const told = (output: string, word: string): unknown => {
  const line = output.split('\n').find((one) => one.startsWith(`${word} `));
  if (line === undefined) throw new Error(`the job did not tell ${word}:\n${output.slice(-4000)}`);
  return JSON.parse(line.slice(word.length + 1));
};

describe.skipIf(typeof found === 'string')(
  `Spark on its nodes${typeof found === 'string' ? ` (${found})` : ''}`,
  { timeout: 600_000 },
  () => {
    if (typeof found === 'string') return;
    let cluster: Cluster;
    let notices: string;
    let metadataLog: string;

    beforeAll(async () => {
      cluster = await Cluster.start(found, { workers: 3 });
      copyFileSync(join(__dirname, 'spark/leaving.py'), join(cluster.scratch('master'), 'leaving.py'));
      copyFileSync(join(__dirname, 'spark/tables.py'), join(cluster.scratch('master'), 'tables.py'));
      for (const script of ['notebook.py', 'jupyter.py'])
        copyFileSync(join(__dirname, 'spark', script), join(cluster.scratch('notebook'), script));
      copyFileSync(join(__dirname, 'spark/intruder'), join(cluster.scratch('history'), 'intruder'));
      notices = join(cluster.project, 'notices');
      metadataLog = await cluster.metadata(notices);
    });
    afterAll(async () => {
      await cluster.end();
    });

    /** Starts a job that waits until it is let go, and returns when it waits. */
    const job = async (name: string, cores: number): Promise<{ go: () => Promise<string> }> => {
      const output = join(cluster.scratch('master'), `${name}.out`);
      const command = `kiln-submit /scratch/leaving.py ${name} ${String(cores)} /scratch/${name}.go >/scratch/${name}.out 2>/scratch/${name}.err`;
      let ended: RunResult | undefined;
      const run = cluster.in('master', ['sh', '-c', command], [0, 1, 143]).then((result) => (ended = result));
      run.catch(() => undefined); // told by whoever waits for it
      const text = (): string => (existsSync(output) ? readFileSync(output, 'utf8') : '');
      const log = (): string => readFileSync(output.replace('.out', '.err'), 'utf8').slice(-6000);
      for (let tries = 0; !text().includes('waits {}'); tries += 1) {
        if (ended !== undefined || tries > 600)
          throw new Error(`${name} does not wait:\n${text()}\n${log()}`);
        await sleep(500);
      }
      return {
        go: async () => {
          writeFileSync(join(cluster.scratch('master'), `${name}.go`), '');
          const { code } = await run;
          expect(code, log()).toBe(0);
          return text();
        },
      };
    };

    it('says what a worker offers, how executors share it, and why', async () => {
      const { stdout } = await cluster.in('worker-1', ['kiln-status']);
      expect(stdout).toMatch(
        /^offers +1 cores, 1024 MiB of heap: spark\.worker of node\.json; the machine has/m,
      );
      expect(stdout).toMatch(/^executors +1 on this worker, 1 cores and 1024 MiB each: one takes the whole/m);
      expect(stdout).toMatch(/^metadata +closed to jobs$/m);
    });

    describe('while a job runs', () => {
      let running: { go: () => Promise<string> };
      beforeAll(async () => {
        running = await job('polite', 3);
      });

      it.each([
        ['master', 'spark-master.service'],
        ['worker-1', 'spark-worker.service'],
        ['history', 'spark-history.service'],
        ['notebook', 'spark-notebook.service'],
        ['master', 'spark-driver-*.service'],
      ])('the %s is walled in: %s', async (machine, unit) => {
        const script =
          'for unit in $(systemctl list-units --plain --no-legend "$1" | cut -d" " -f1); do ' +
          'systemctl is-active "$unit"; systemd-analyze security --no-pager "$unit" | tail -n1; done';
        const { stdout } = await cluster.in(machine, ['sh', '-c', script, 'sh', unit]);
        expect(stdout).toMatch(/^active\n.*Overall exposure level/);
        expect(Number(/: (\d+\.\d+)/.exec(stdout)?.[1])).toBeLessThanOrEqual(2.0);
      });

      it.each([
        ['master', MASTER],
        ['worker-2', address(2)],
        ['history', HISTORY],
        ['notebook', NOTEBOOK],
      ])('the %s listens on the private address alone', async (machine, own) => {
        const { stdout } = await cluster.in(machine, ['ss', '-Hltnp']);
        const listening = stdout
          .split('\n')
          .filter((line) => /"(java|python[\d.]*|jupyter-lab|kiln-history-pa)"/.test(line))
          .map((line) =>
            line
              .split(/\s+/)[3]
              ?.replace(/:\d+$/, '')
              .replace(/^\[::ffff:(.*)\]$/, '$1'),
          );
        expect(listening).toContain(own);
        expect(listening.filter((one) => one !== own && one !== '127.0.0.1')).toEqual([]);
      });

      it('nobody without the secret, or with another one, joins or submits', async () => {
        const wrong = ['spark.authenticate=true', 'spark.authenticate.secret=guessed', ...ENCRYPTED];
        const tries = await Promise.all(
          (
            [
              ['worker', 'worker-none', []],
              ['worker', 'worker-wrong', wrong],
              ['submit', 'submit-none', []],
              ['submit', 'submit-wrong', wrong],
            ] as const
          ).map(async ([kind, name, conf]) => {
            const words = ['sh', '/scratch/intruder', kind, name, `spark://${MASTER}:7077`, ...conf];
            return (await cluster.in('history', words)).stdout;
          }),
        );
        // They reach the master, and it is the master that refuses.
        for (const log of tries) expect(log).toContain('Failed to connect to master');
        expect(tries[0]).toContain('Unknown challenge message');
        const { workers, activeapps, completedapps } = await cluster.master();
        expect(workers.map((one) => one.host)).not.toContain(HISTORY);
        const names = [...activeapps, ...completedapps].map((one) => one.name);
        // The canary ran when the cluster was made.
        expect(names.filter((name) => name !== 'kiln-canary')).toEqual(['polite']);
      });

      it('Prometheus finds master, worker and driver', async () => {
        for (const page of [
          `http://${MASTER}:8080/metrics/master/prometheus/`,
          `http://${address(1)}:8081/metrics/prometheus/`,
          `http://${MASTER}:4040/metrics/prometheus/`,
          `http://${MASTER}:4040/metrics/executors/prometheus`,
        ])
          expect(await cluster.page(page), page).toMatch(/^metrics?_\w+(\{.*\})? [\d.]/m);
      });

      it('a master that is killed comes back with its workers and the job', async () => {
        await cluster.in('master', ['systemctl', 'kill', '--signal=KILL', 'spark-master.service']);
        await expect
          .poll(async () => {
            const { status, activeapps } = await cluster
              .master()
              .catch(() => ({ status: 'none', activeapps: [] }));
            return [status, activeapps.map(({ name }) => name)];
          }, patient)
          .toEqual(['ALIVE', ['polite']]);
        await expect.poll(() => cluster.alive(), patient).toHaveLength(3);
        expect((await cluster.status('master')).phase).toBe('ready');
      });

      it('a worker that is told that its machine goes leaves with nothing to be done again', async () => {
        writeFileSync(notices, address(3));
        await expect.poll(async () => (await cluster.status('worker-3')).phase, patient).toBe('left');
        expect((await cluster.status('worker-3')).leaving).toEqual({
          because: 'EC2 will terminate this instance at 2026-11-24T16:00:00Z',
          how: expect.stringMatching(/^every executor had ended after \d+ s$/) as string,
        });
        const { stdout } = await cluster.in('worker-3', ['systemctl', 'is-active', 'spark-worker'], [3]);
        expect(stdout.trim()).toBe('inactive');

        const output = await running.go();
        const before = Look.parse(told(output, 'before'));
        const after = Look.parse(told(output, 'after'));
        expect(before.sum).toEqual(SUM);
        expect(Object.keys(before.cached).sort()).toEqual([host(1), host(2), host(3)]);
        expect(before.shuffled).toEqual([host(1), host(2), host(3)]);
        // What worker 3 made is still what worker 3 made.
        expect(after).toEqual(before);
        expect(told(output, 'ran')).toEqual([host(1), host(2)]);
      });

      it('what a job may not do, it cannot', async () => {
        const output = readFileSync(join(cluster.scratch('master'), 'polite.out'), 'utf8');
        const refused = z.record(z.string(), z.string()).parse(told(output, 'forbidden'));
        const { 'writes scratch': scratch, ...others } = refused;
        expect(scratch).toBe('DONE');
        expect(Object.entries(others).filter(([, how]) => how === 'DONE')).toEqual([]);
        // The look-alike answers root, and has not heard of anybody else.
        const { stdout } = await cluster.in('worker-1', [
          ...['/usr/bin/python3', '-c'],
          `import urllib.request as u; print(u.urlopen(u.Request("http://${METADATA}/latest/api/token", method="PUT", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"})).read())`,
        ]);
        expect(stdout).toContain('look-alike');
        expect(readFileSync(metadataLog, 'utf8')).not.toContain('GET /latest/meta-data/ ');
      });
    });

    it('a job keeps every row that it writes, or is refused', async () => {
      const { stdout } = await cluster.in('master', [
        ...['sh', '-c'],
        'kiln-submit /scratch/tables.py 2>/scratch/tables.err || tail -n 30 /scratch/tables.err',
      ]);
      const kept = z.record(z.string(), z.unknown()).parse(told(stdout, 'kept'));
      expect(Object.keys(kept)).toHaveLength(8);
      expect(kept).toEqual(Object.fromEntries(Object.keys(kept).map((name) => [name, 2000])));
      const refused = z.record(z.string(), z.string()).parse(told(stdout, 'refused'));
      expect(Object.keys(refused)).toHaveLength(20);
      const others = Object.entries(refused).filter(([, how]) => !/^refused \/\S+\/tables-\d+/.test(how));
      expect(others).toEqual([]);
      // Neither the canary's table nor what a canary before it left.
      expect(told(stdout, 'left')).toEqual([]);
      const { canary } = await cluster.status('master');
      expect(canary?.table).toBe('a table of 300 rows kept them');
    });

    it('a worker that is lost without notice costs what was on it, and no answer', async () => {
      const running = await job('sudden', 2);
      await cluster.in('worker-2', ['systemctl', 'kill', '--signal=KILL', 'spark-worker.service']);
      const output = await running.go();
      const before = Look.parse(told(output, 'before'));
      const after = Look.parse(told(output, 'after'));
      expect(Object.keys(before.cached).sort()).toEqual([host(1), host(2)]);
      expect(after.sum).toEqual(SUM);
      expect(after.cached[host(1)]).toBeGreaterThan(before.cached[host(1)] ?? 0);
      await expect.poll(() => cluster.alive(), patient).toHaveLength(2);
      expect((await cluster.status('worker-2')).phase).toBe('ready');
    });

    describe('a job', () => {
      beforeAll(async () => {
        cpSync(join(__dirname, 'spark/driver'), join(cluster.scratch('master'), 'driver'), {
          recursive: true,
        });
        const make = 'python3 /scratch/driver/maven.py /scratch/driver/m2 && chmod -R a+rX /scratch/driver';
        await cluster.in('master', ['sh', '-c', make]);
      });

      it('has on its driver what it has on executors, and a metastore of its own beside another job', async () => {
        const outputs = await Promise.all(
          ['a', 'b'].map(
            async (name) => (await cluster.in('master', ['sh', '/scratch/driver/submit', name])).stdout,
          ),
        );
        outputs.forEach((output, index) => {
          const name = ['a', 'b'][index] ?? '';
          const { driver, executor, ...found } = Has.parse(told(output, 'has'));
          expect(driver).toEqual(HAS);
          expect(executor).toEqual(HAS);
          expect(found).toEqual({
            cwd: expect.stringMatching(/^\/scratch\/jobs\/[\w-]+\/work$/) as string,
            file: 'data',
            setting: 'of the file',
            package: [true, true],
            sql: '2023-11-15 07:13:20',
            rows: [1, 2, 3],
            tables: [`hive_${name}`],
            function: 'ABC',
            'executor memory': '1024m',
          });
        });
        // the cluster's secret and whatever else a driver read is not left behind
        expect((await cluster.in('master', ['ls', '/run/kiln/jobs'])).stdout).toBe('');
      });

      it.each([
        ['cores that no worker has', ['--executor-cores', '2'], 3, /no worker offers more than 1/],
        ['memory that no worker has', ['--executor-memory', '8g'], 3, /offers more than 1024 MiB/],
        [
          'fewer cores than an executor has',
          ['--executor-cores', '1', '--total-executor-cores', '0'],
          3,
          /whole/,
        ],
        ['another master', ['--master', 'local[2]'], 2, /the master is local\[2\] \(--master\)/],
        ['the mode of a cluster', ['--deploy-mode', 'cluster'], 2, /the deploy mode is 'cluster'/],
        ['a key that guards', ['--properties-file', '/scratch/driver/bad.conf'], 2, /bad\.conf, line 2\)/],
        [
          'a committer that loses data',
          [
            ...['--conf', 'spark.hadoop.fs.defaultFS=file:///'],
            ...['--conf', 'spark.hadoop.fs.s3a.committer.name=directory'],
          ],
          2,
          /staging committers .*--conf/,
        ],
        [
          'a warehouse on the disk of its driver',
          ['--conf', 'spark.sql.warehouse.dir=file:/scratch/tmp/tables'],
          2,
          /on the disk of one node.*--conf\)/,
        ],
        [
          'packages from nowhere',
          ['--packages', 'org.example:one:1.0'],
          3,
          /unresolved: no Maven repository/,
        ],
        ['a file that is not there', ['--jars', 'none.jar'], 2, /no such file: .*none\.jar \(--jars\)/],
        ['a zone that there is not', ['--conf', 'spark.executorEnv.TZ=CET-1'], 2, /no time zone 'CET-1'/],
      ])('with %s is refused before Spark starts', async (_, words, code, what) => {
        writeFileSync(join(cluster.scratch('master'), 'driver/bad.conf'), '#\nspark.authenticate false\n');
        const command = ['kiln-submit', ...words, '/scratch/driver/job.py', 'c'];
        const done = await cluster.in('master', command, [code]);
        expect(done.stderr).toMatch(what);
        expect(done.stderr).toContain('what to do: ');
      });
    });

    it('a notebook opens for its token alone, with a session on this cluster', async () => {
      const { stdout } = await cluster.in('notebook', [
        ...['/opt/conda-env/bin/python', '/scratch/notebook.py', NOTEBOOK, '/run/kiln/notebook/token'],
      ]);
      expect(JSON.parse(stdout)).toEqual({
        page: 200,
        'without token': 403,
        'with another': 403,
        kernels: expect.arrayContaining(['pyspark']) as string[],
        cell: `(499500, 'spark://${MASTER}:7077', 'notebook')`,
        hive: `['kept']`,
      });
    });

    it('the history server shows what jobs have logged to the store, and holds no secret', async () => {
      const listed = async (): Promise<unknown> => {
        const text = await cluster.page(`http://${HISTORY}:18080/api/v1/applications?status=completed`);
        return z
          .array(z.object({ name: z.string() }))
          .parse(JSON.parse(text))
          .map(({ name }) => name)
          .sort();
      };
      await expect.poll(listed, patient).toEqual(expect.arrayContaining(['polite', 'sudden']));
      const { stdout } = await cluster.in('history', [
        'sh',
        '-c',
        'ls /run/kiln/spark; cat /run/kiln/history/*',
      ]);
      expect(stdout).toContain('spark.history.fs.logDirectory=s3a://flights/spark-events');
      expect(stdout).not.toContain('spark.authenticate');
    });

    describe('a worker', () => {
      const again = ['systemctl', 'restart', 'kiln-scratch', 'kiln-configure', 'kiln-role', 'kiln-ready'];
      const change = (script: string): string[] => [
        ...['sh', '-c'],
        `cp -n /etc/kiln/node.json /etc/kiln/kept.json; /usr/bin/python3 - <<'PYTHON'
import json
from pathlib import Path
node = json.loads(Path("/etc/kiln/kept.json").read_text())
${script}
Path("/etc/kiln/node.json").write_text(json.dumps(node))
PYTHON`,
      ];

      it.each([
        [
          'of another image',
          'node["image"]["contentId"] = "sha256:" + "0" * 64',
          /not the image that the cluster/,
        ],
        [
          'whose master has no address',
          'node["master"]["host"] = "nowhere.invalid"',
          /name of the master, nowhere\.invalid/,
        ],
        [
          'without its secret',
          'node["secrets"]["spark"] = {"credential": "none"}',
          /secret not found: credential none/,
        ],
        [
          'set to lose data',
          'node["spark"].pop("warehouse"); node["spark"]["conf"]["spark.hadoop.fs.s3a.committer.name"] = "directory"',
          /staging committers pass their pending uploads/,
        ],
      ])('%s does not start, and says why', async (_, script, why) => {
        await cluster.in('worker-3', change(script));
        await cluster.in('worker-3', ['systemctl', 'start', '--no-block', 'spark-worker']);
        await expect.poll(async () => (await cluster.status('worker-3')).fault?.what, patient).toMatch(why);
        const { stdout } = await cluster.in('worker-3', ['systemctl', 'is-active', 'spark-worker'], [3]);
        expect(stdout.trim()).not.toBe('active');
        await cluster.in('worker-3', ['systemctl', 'stop', 'spark-worker']);
        const { fault } = await cluster.status('worker-3');
        expect(fault?.unit).toBe('spark-worker.service');
      });

      it('stops when scratch is full, and comes back when there is space', async () => {
        writeFileSync(notices, '');
        await cluster.in('worker-3', ['sh', '-c', 'cp /etc/kiln/kept.json /etc/kiln/node.json']);
        await cluster.in('worker-3', ['mount', '-t', 'tmpfs', '-o', 'size=256m', 'tmpfs', '/scratch']);
        await cluster.in('worker-3', again);
        expect((await cluster.status('worker-3')).phase).toBe('ready');
        expect(await cluster.alive()).toContain(address(3));
        await cluster.in('worker-3', ['fallocate', '-l', '230m', '/scratch/filler']);
        await expect.poll(async () => (await cluster.status('worker-3')).phase, patient).toBe('failed');
        const { fault } = await cluster.status('worker-3');
        expect(fault).toMatchObject({
          unit: 'kiln-watch.service',
          what: expect.stringMatching(
            /^\/scratch is full: \d+ MiB left of 256, 64 must stay free$/,
          ) as string,
        });
        expect(await cluster.alive()).not.toContain(address(3));
        await cluster.in('worker-3', ['rm', '/scratch/filler']);
        await cluster.in('worker-3', ['systemctl', 'restart', 'kiln-role', 'kiln-ready']);
        expect(await cluster.alive()).toContain(address(3));
      });

      it('stops when scratch is gone, and cannot be started on the root', async () => {
        await cluster.in('worker-3', ['umount', '--lazy', '/scratch']);
        await expect.poll(async () => (await cluster.status('worker-3')).phase, patient).toBe('failed');
        expect((await cluster.status('worker-3')).fault?.what).toMatch(
          /another file system lies at \/scratch/,
        );
        await cluster.in('worker-3', ['umount', '--lazy', '/scratch']);
        const { code } = await cluster.in(
          'worker-3',
          ['systemctl', 'start', 'spark-worker'],
          [0, 1, 3, 4, 5],
        );
        expect(code).not.toBe(0);
        const { code: written } = await cluster.in('worker-3', ['touch', '/scratch/x'], [0, 1]);
        expect(written).toBe(1);
        await expect.poll(() => cluster.alive(), patient).not.toContain(address(3));
      });

      it('leaves when its machine is sent SIGPWR, and when a person says so', async () => {
        await cluster.in('worker-2', ['kill', '-PWR', '1']);
        await expect.poll(async () => (await cluster.status('worker-2')).phase, patient).toBe('left');
        expect((await cluster.status('worker-2')).leaving?.because).toBe('the machine was sent SIGPWR');
        const { stdout } = await cluster.in('worker-1', [
          '/usr/lib/kiln/kiln-node',
          'drain',
          '--because',
          'a test',
        ]);
        expect(stdout).toMatch(/^left: every executor had ended/m);
        await expect.poll(() => cluster.alive(), patient).toEqual([]);
        const { code } = await cluster.in('master', ['/usr/lib/kiln/kiln-node', 'drain'], [1]);
        expect(code).toBe(1);
      });
    });
  },
);
