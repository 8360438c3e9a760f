import { mkdtempSync, rmSync, writeFileSync, copyFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLUSTERS } from '../../factory/machines/cluster';
import { hostExec } from '../../factory/ports/machine/exec-host';
import { hostSandboxes } from '../../factory/ports/sandbox/sandbox-host';
import type { RunResult } from '../../factory/ports/machine/exec';
import { whole } from './bakery';
import { bakedImage, placeImage } from './image';
import { FIRST_WORKER, launchFile, MASTER } from './launch';
import { type Inventory, leftovers, takeInventory } from './leftovers';
import { dashboardQueries, Prometheus, WATCHED_JOB } from './seen';

/* Boots a master and two workers from a real image. */
const HOME = join(__dirname, '../..');
const CLUSTER = 'e2e';

const found = bakedImage();
/** Generous: it ends as soon as it is so. */
const patient = { timeout: 120_000, interval: 1000 };

/**
 * A job that says where its tasks ran, where they shuffled, and a sum that can be checked.
 * It waits for both workers' executors: on a busy machine one worker may otherwise run every task
 * before the other one's JVM is up.
 */
const JOB = `
import socket
from pyspark.sql import SparkSession
spark = (
    SparkSession.builder.appName("e2e")
    .config("spark.cores.max", "2")
    .config("spark.scheduler.minRegisteredResourcesRatio", "1.0")
    .config("spark.scheduler.maxRegisteredResourcesWaitingTime", "180s")
    .getOrCreate()
)
def where(rows):
    yield socket.gethostname(), sum(rows)
numbers = spark.sparkContext.parallelize(range(1000), 8)
found = numbers.map(lambda n: (n % 10, n)).reduceByKey(lambda a, b: a + b, 8).values().mapPartitions(where).collect()
print("hosts", *sorted({host for host, _ in found}))
print("sum", sum(part for _, part in found))
`;

/** Of kiln status --json, what is looked at here. */
interface Status {
  readonly nodes: readonly {
    readonly cores: { readonly used: number } | null;
    readonly scratchBytes: { readonly total: number } | null;
  }[];
  readonly applications: readonly {
    readonly name: string;
    readonly state: string;
    readonly cores: number;
    readonly driver: string | null;
  }[];
  readonly wrong: readonly unknown[];
}

describe.skipIf(typeof found === 'string')(
  `a local cluster${typeof found === 'string' ? ` (${found})` : ''}`,
  () => {
    if (typeof found === 'string') return;
    const { record } = found;
    let project: string;
    let before: Inventory;

    const kiln = (args: readonly string[], accept = [0]): Promise<RunResult> =>
      hostExec.run(join(HOME, 'bin/kiln'), args, { cwd: project, accept });

    const upAll = async (): Promise<void> => {
      await kiln([
        'machines',
        'up',
        '--spec',
        launchFile(project, found, { cluster: CLUSTER, role: 'master', count: 1, first: MASTER }),
      ]);
      await kiln([
        'machines',
        'up',
        '--spec',
        launchFile(project, found, { cluster: CLUSTER, role: 'worker', count: 2, first: FIRST_WORKER }),
      ]);
    };
    const waitAll = (): Promise<RunResult> =>
      kiln(['machines', 'wait', '--cluster', CLUSTER, '--workers', '2', '--timeout', '600']);
    const left = (): Promise<readonly string[]> =>
      leftovers(before, {
        folders: [project],
        about: [`${CLUSTER}-`, `/${CLUSTER}`, `kiln-${CLUSTER}`, record.digest.slice(7)],
        within: 10,
      });

    beforeAll(async () => {
      project = mkdtempSync(join(tmpdir(), 'kiln-cluster-'));
      copyFileSync(join(HOME, 'factory.yaml'), join(project, 'factory.yaml'));
      placeImage(project, found);
      before = takeInventory([project]);
      await upAll();
      await waitAll();
    });

    afterAll(async () => {
      await kiln(['machines', 'down', '--cluster', CLUSTER]);
      rmSync(project, { recursive: true, force: true });
    });

    it('has three nodes that are ready, of the image that was asked for', async () => {
      const { stdout } = await kiln(['clusters', '--json']);
      const clusters = JSON.parse(stdout) as { cluster: string; nodes: { phase: string; image: string }[] }[];
      const nodes = clusters.find(({ cluster }) => cluster === CLUSTER)?.nodes;
      expect(nodes?.map(({ phase, image: digest }) => [phase, digest])).toEqual(
        Array.from({ length: 3 }, () => ['ready', record.digest]),
      );
    });

    it('stays as it is when it is asked for again', async () => {
      const { stdout } = await kiln([
        'machines',
        'up',
        '--json',
        '--spec',
        launchFile(project, found, { cluster: CLUSTER, role: 'worker', count: 2, first: FIRST_WORKER }),
      ]);
      const { machines } = JSON.parse(stdout) as { machines: { done: string }[] };
      expect(machines.map(({ done }) => done)).toEqual(['kept', 'kept']);
    });

    it('runs a PySpark job on both workers', async () => {
      const scratch = join(project, '.kiln/clusters', CLUSTER, `${CLUSTER}-master-1`, 'scratch');
      writeFileSync(join(scratch, 'job.py'), JOB, { mode: 0o644 });
      const { stdout } = await kiln(['run', CLUSTER, '--', '/scratch/job.py']);
      expect(stdout).toContain('sum 499500');
      expect(stdout).toContain(`hosts ${CLUSTER}-worker-1 ${CLUSTER}-worker-2`);
    });

    const inMachine = (machine: string, ...words: readonly string[]): Promise<RunResult> =>
      kiln(['machines', 'exec', '--cluster', CLUSTER, '--machine', `${CLUSTER}-${machine}`, '--', ...words]);

    it('is proved by a canary on both workers, before anything else ran', async () => {
      const { stdout } = await inMachine('master-1', 'kiln-status', '--json');
      expect(JSON.parse(stdout)).toMatchObject({
        canary: { proved: ['10.213.0.20', '10.213.0.21'], missing: [] },
      });
      const again = JSON.parse(
        (await inMachine('master-1', '/usr/lib/kiln/kiln-node', 'canary', '--json')).stdout,
      ) as { ran: boolean };
      expect(again.ran).toBe(false);
    });

    it('tells what its boot took, by phase', async () => {
      const { stdout } = await inMachine('worker-1', 'kiln-status', '--timings', '--json');
      const { parts } = JSON.parse(stdout) as { parts: { name: string; tookMs: number; atMs: number }[] };
      expect(parts.map(({ name }) => name)).toEqual([
        'validated',
        'scratch',
        'configured',
        'started',
        'ready',
      ]);
      expect(parts.reduce((sum, { tookMs }) => sum + tookMs, 0)).toBe(parts.at(-1)?.atMs);
    });

    it(
      'is seen as a whole while a job runs: from the class data archive, with metrics of every part',
      { timeout: 300_000 },
      async () => {
        const scratch = join(project, '.kiln/clusters', CLUSTER, `${CLUSTER}-master-1`, 'scratch');
        writeFileSync(join(scratch, 'watched.py'), WATCHED_JOB, { mode: 0o644 });
        const job = kiln(['run', CLUSTER, '--', '/scratch/watched.py']);
        const status = async (): Promise<Status> => {
          const { stdout } = await kiln(['status', CLUSTER, '--json'], [0, 1]);
          return (JSON.parse(stdout) as { clusters: [Status] }).clusters[0];
        };
        try {
          await expect
            .poll(async () => (await status()).applications[0]?.driver, { timeout: 180_000, interval: 500 })
            .toBe('10.213.0.10:4040');
          // Tasks have run on both.
          await expect
            .poll(async () => (await status()).nodes.map(({ cores }) => cores?.used ?? null), {
              timeout: 60_000,
            })
            .toEqual([null, 1, 1]);
          const seen = await status();
          expect(seen.wrong).toEqual([]);
          expect(seen.applications).toMatchObject([{ name: 'watched', state: 'RUNNING', cores: 2 }]);
          expect(seen.nodes[1]?.scratchBytes?.total).toBeGreaterThan(0);

          const sandbox = await hostSandboxes(hostExec).find(join(CLUSTERS, CLUSTER));
          if (sandbox === undefined) throw new Error('the cluster has no sandbox');
          const prometheus = await Prometheus.start(sandbox, join(project, 'prometheus'));
          prometheus.setTargets((await kiln(['status', CLUSTER, '--targets'])).stdout);
          // The exporters of three nodes, the master's two pages, two workers, the driver's two pages.
          await expect.poll(() => prometheus.targets(), patient).toEqual({ count: 9, down: [] });
          const unanswered = async (): Promise<readonly string[]> => {
            const queries = dashboardQueries()
              // A container's clock is its host's, and not told inside: test/e2e/ground.test.ts.
              .filter((query) => !query.includes('kiln_clock_'))
              .map((query) => query.replaceAll('$cluster', CLUSTER));
            const answers = await Promise.all(queries.map((query) => prometheus.series(query)));
            return queries.filter((_, index) => answers[index] === 0);
          };
          await expect.poll(unanswered, patient).toEqual([]);
          await prometheus.stop();
        } finally {
          writeFileSync(join(scratch, 'stop'), '');
        }
        const { stdout } = await job;
        expect(stdout).toContain('executors True');
        expect(stdout).toContain('driver True');
        for (const [machine, role] of [
          ['master-1', 'master'],
          ['worker-1', 'worker'],
        ] as const) {
          const pid = `$(systemctl show --property MainPID --value spark-${role})`;
          const { stdout: maps } = await inMachine(machine, 'bash', '-c', `cat /proc/${pid}/maps`);
          expect(maps).toContain('/opt/spark/spark.jsa');
        }
      },
    );

    it('says in words what is wrong, and its exporter has no more rights than it needs', async () => {
      await inMachine('worker-2', 'systemd-analyze', 'security', '--threshold=20', 'kiln-exporter.service');
      await inMachine('worker-2', 'systemctl', 'stop', 'kiln-exporter.service');
      const { code, stdout } = await kiln(['status', CLUSTER], [0, 1]);
      expect([code, stdout]).toEqual([
        1,
        expect.stringContaining(`${CLUSTER}-worker-2: does not answer at its exporter`),
      ]);
      await inMachine('worker-2', 'systemctl', 'start', 'kiln-exporter.service');
      await expect
        .poll(async () => (await kiln(['status', CLUSTER], [0, 1])).code, { timeout: 30_000 })
        .toBe(0);
    });

    it(
      'compares the files of its image with the manifest, in the background',
      { timeout: 300_000 },
      async () => {
        const files = async (): Promise<unknown> => {
          const { stdout } = await kiln([
            'machines',
            'exec',
            '--cluster',
            CLUSTER,
            '--machine',
            `${CLUSTER}-worker-1`,
            '--',
            'kiln-status',
            '--json',
          ]);
          return (JSON.parse(stdout) as { files: unknown }).files;
        };
        await expect
          .poll(files, { timeout: 240_000, interval: 1000 })
          .toMatchObject({ damaged: 0, first: [], files: expect.any(Number) as number });
      },
    );

    it("passes on a job's exit code", async () => {
      const { code } = await kiln(['run', CLUSTER, '--', '/scratch/there-is-none.py'], [1, 2]);
      expect(code).toBeGreaterThan(0);
    });

    it('leaves nothing when its sandbox is killed, can be started again, and is taken away without a trace', async () => {
      const { stdout } = await hostExec.run('pgrep', ['-f', `^unshare .* kiln-cluster-${CLUSTER} `]);
      process.kill(Number(stdout.trim().split('\n')[0]), 'SIGKILL');
      await expect
        .poll(async () => (await left()).filter((line) => /^(process|namespace|mount|loop)/.test(line)), {
          timeout: 30_000,
        })
        .toEqual([]);
      if (whole) {
        await upAll();
        await waitAll();
      }
      await kiln(['machines', 'down', '--cluster', CLUSTER]);
      expect((await left()).filter((line) => !/\.json$/.test(line))).toEqual([]);
    });
  },
);
