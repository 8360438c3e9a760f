import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Cluster } from '../spark/cluster';
import { fetched } from './store';

const Spilled = z.object({ 'Memory Bytes Spilled': z.number(), 'Disk Bytes Spilled': z.number() });

/** Bytes of the files below a machine's /scratch/spark whose name is like that. */
export function bytesOf(cluster: Cluster, machine: string, name: RegExp): number {
  const entries = readdirSync(join(cluster.scratch(machine), 'spark'), {
    recursive: true,
    withFileTypes: true,
  });
  return entries
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .reduce((sum, { parentPath, name: file }) => sum + statSync(join(parentPath, file)).size, 0);
}

/** What the tasks of an application have spilled, from its event log in the store: bytes in memory and on disk. */
export async function spilled(
  cluster: Cluster,
  application: string,
): Promise<{ readonly memory: number; readonly disk: number }> {
  const folder = await fetched(cluster, 'spark-events');
  const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.zstd'))
    .map((name) =>
      execFileSync('zstd', ['-dcq', join(folder, name)], { encoding: 'utf8', maxBuffer: 1 << 28 }),
    );
  const log = texts.find((text) => text.includes(`"App Name":"${application}"`));
  if (log === undefined) throw new Error(`the store has no event log of ${application}`);
  const tasks = log
    .split('\n')
    .filter((line) => line.startsWith('{"Event":"SparkListenerTaskEnd"'))
    .map((line) => z.object({ 'Task Metrics': Spilled.optional() }).parse(JSON.parse(line))['Task Metrics']);
  const sum = (key: keyof z.infer<typeof Spilled>): number =>
    tasks.reduce((total, task) => total + (task?.[key] ?? 0), 0);
  return { memory: sum('Memory Bytes Spilled'), disk: sum('Disk Bytes Spilled') };
}
