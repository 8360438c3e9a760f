import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { Sandbox } from '../../factory/ports/sandbox/sandbox';

/** A job that says which of its JVMs run from the class data archive, then stays until /scratch/stop is there. */
export const WATCHED_JOB = `
import os, pathlib, time
from pyspark.sql import SparkSession

def shared(pid):
    return "/opt/spark/spark.jsa" in pathlib.Path(f"/proc/{pid}/maps").read_text()

def java(pid):
    while pathlib.Path(f"/proc/{pid}/comm").read_text().strip() != "java":
        pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return pid

def executor(rows):
    yield sum(rows) >= 0 and shared(java(os.getppid()))

spark = (
    SparkSession.builder.appName("watched")
    .config("spark.cores.max", "2")
    .config("spark.scheduler.minRegisteredResourcesRatio", "1.0")
    .config("spark.scheduler.maxRegisteredResourcesWaitingTime", "180s")
    .getOrCreate()
)
context = spark.sparkContext
pairs = context.parallelize(range(1000), 4).map(lambda n: (n % 4, n)).groupByKey(4)
found = pairs.mapPartitions(lambda part: executor(key for key, _ in part)).collect()
print("executors", *sorted({str(one) for one in found}), flush=True)
print("driver", shared(context._jvm.java.lang.ProcessHandle.current().pid()), flush=True)
until = time.monotonic() + 180
while not os.path.exists("/scratch/stop") and time.monotonic() < until:
    time.sleep(0.2)
`;

const LABEL = 'prometheus';
const Answer = z.object({ status: z.literal('success'), data: z.unknown() });
const Found = z.object({ result: z.array(z.unknown()) });
const Targets = z.object({
  activeTargets: z.array(z.object({ scrapeUrl: z.string(), health: z.string(), lastError: z.string() })),
});

const Dashboard = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })) })),
});

const HOME = resolve(__dirname, '../..');
const EXAMPLES = join(HOME, 'examples/metrics');

/** Every query of the example's dashboard. */
export function dashboardQueries(): readonly string[] {
  const text = readFileSync(join(EXAMPLES, 'dashboard.json'), 'utf8');
  return Dashboard.parse(JSON.parse(text)).panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
}

/** Names of metrics in a query: what has a selector behind it. */
export const metricsOf = (query: string): readonly string[] =>
  [...query.matchAll(/([a-zA-Z_:][a-zA-Z0-9_:]*)\{/g)].map(([, name]) => name ?? '');

/** Prometheus itself with the example's configuration, in a cluster's network; only its patience is less. */
export class Prometheus {
  private constructor(
    private readonly sandbox: Sandbox,
    private readonly folder: string,
  ) {}

  /** @param folder of its own; its targets are written there. */
  static async start(sandbox: Sandbox, folder: string): Promise<Prometheus> {
    const programs = execFileSync(join(HOME, 'tools/prometheus'), { encoding: 'utf8' }).trim();
    mkdirSync(join(folder, 'targets'), { recursive: true });
    const config = join(folder, 'prometheus.yml');
    const text = readFileSync(join(EXAMPLES, 'prometheus.yml'), 'utf8');
    writeFileSync(config, text.replace('scrape_interval: 15s', 'scrape_interval: 2s'));
    execFileSync(join(programs, 'promtool'), ['check', 'config', config], { stdio: 'pipe' });
    await sandbox.spawn(
      LABEL,
      join(programs, 'prometheus'),
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        '--web.listen-address=127.0.0.1:9090',
      ],
      { log: join(folder, 'log'), cwd: folder },
    );
    return new Prometheus(sandbox, folder);
  }

  /** What `kiln status --targets` says; Prometheus sees by itself that the file is another one. */
  setTargets(text: string): void {
    const file = join(this.folder, 'targets/kiln.json');
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }

  /** `down` targets with their error, and how many there are. */
  async targets(): Promise<{ readonly count: number; readonly down: readonly string[] }> {
    const { activeTargets } = Targets.parse(await this.ask('targets'));
    return {
      count: activeTargets.length,
      down: activeTargets
        .filter(({ health }) => health !== 'up')
        .map(({ scrapeUrl, health, lastError }) => `${scrapeUrl} ${health} ${lastError}`),
    };
  }

  /** How many series a query has now. */
  async series(query: string): Promise<number> {
    return Found.parse(await this.ask('query', query)).result.length;
  }

  async stop(): Promise<void> {
    await this.sandbox.kill(LABEL);
  }

  private async ask(page: string, query?: string): Promise<unknown> {
    const { stdout } = await this.sandbox.run('curl', [
      ...['--silent', '--show-error', '--max-time', '10', '--noproxy', '*', '--get'],
      ...(query === undefined ? [] : ['--data-urlencode', `query=${query}`]),
      `http://127.0.0.1:9090/api/v1/${page}`,
    ]);
    return Answer.parse(JSON.parse(stdout)).data;
  }
}
