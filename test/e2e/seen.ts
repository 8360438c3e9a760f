import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { Holder } from '../../factory/ports/holder';

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

const Dashboard = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })) })),
});

const EXAMPLES = resolve(__dirname, '../../examples/metrics');

/** Every query of the example's dashboard. */
export function dashboardQueries(): readonly string[] {
  const text = readFileSync(join(EXAMPLES, 'dashboard.json'), 'utf8');
  return Dashboard.parse(JSON.parse(text)).panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
}

/** Names of metrics in a query: what has a selector behind it. */
export const metricsOf = (query: string): readonly string[] =>
  [...query.matchAll(/([a-zA-Z_:][a-zA-Z0-9_:]*)\{/g)].map(([, name]) => name ?? '');

const TargetGroups = z.array(
  z.object({ targets: z.tuple([z.string()]), labels: z.record(z.string(), z.string()) }),
);

/**
 * Names of all metrics that Prometheus would get of those targets, from inside a cluster's network.
 * @throws Error for a target that does not answer.
 */
export async function scrape(targets: string, holder: Holder): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (const {
    targets: [target],
    labels,
  } of TargetGroups.parse(JSON.parse(targets))) {
    const url = `http://${target}${labels['__metrics_path__'] ?? ''}`;
    const { stdout } = await holder.run('curl', [
      ...['--silent', '--show-error', '--fail', '--max-time', '10', '--noproxy', '*', url],
    ]);
    for (const line of stdout.split('\n'))
      if (!line.startsWith('#') && line !== '') names.add(/^[^{ ]+/.exec(line)?.[0] ?? '');
  }
  return names;
}
