import { z } from 'zod';
import { type ClusterPaths, readCluster } from './cluster';
import type { Machinery } from './machinery';

/** The master's own view, at /json/ of its page (Spark's JsonProtocol); memory in MiB. */
const MasterPage = z.object({
  status: z.string().default('UNKNOWN'),
  workers: z.array(
    z.object({
      id: z.string().default(''),
      host: z.string().default(''),
      state: z.string(),
      cores: z.number().default(0),
      coresused: z.number().default(0),
      memory: z.number().default(0),
      memoryused: z.number().default(0),
    }),
  ),
  activeapps: z
    .array(
      z.object({
        id: z.string(),
        name: z.string(),
        user: z.string(),
        state: z.string(),
        /** Granted. */
        cores: z.number(),
        memoryperexecutor: z.number().optional(),
        /** Milliseconds since 1970. */
        starttime: z.number(),
      }),
    )
    .default([]),
});
export type MasterPage = z.infer<typeof MasterPage>;

/** undefined while the master does not answer. */
export async function askMaster(machinery: Machinery, paths: ClusterPaths): Promise<MasterPage | undefined> {
  const port = (await readCluster(paths))?.publish['8080'];
  if (port === undefined) return undefined;
  const page = MasterPage.safeParse(await machinery.fetchJson(`http://127.0.0.1:${String(port)}/json/`));
  return page.success ? page.data : undefined;
}

export const aliveWorkers = (page: MasterPage): MasterPage['workers'] =>
  page.workers.filter(({ state }) => state === 'ALIVE');
