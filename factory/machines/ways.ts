import { join } from 'node:path';
import { z } from 'zod';
import { KilnError } from '../errors';
import { noCluster, SECRETS } from './cluster';
import { listJobs } from './jobs';
import { type ClusterLook, lookAt } from './look';
import type { Machinery } from './machinery';
import { askMaster, type MasterPage } from './master';
import { applicationPage, historyPage } from './pages';

/** One page of a cluster of this machine, at a loopback address. */
export interface Way {
  readonly cluster: string;
  /** `master`, `history`, `notebook`, or an application's id. */
  readonly page: string;
  /** What it shows. */
  readonly shows: string;
  /** For people; that of a notebook holds its token. */
  readonly url: string;
  /** Whether the URL itself is a secret. */
  readonly secret: boolean;
  /** Answers JSON as long as the page does. */
  readonly probe: string;
}

const SHOWS: Readonly<Record<string, string>> = {
  master: 'workers and jobs, with their logs',
  history: 'jobs that have ended',
  notebook: 'JupyterLab',
};
const PROBES: Readonly<Record<string, string>> = {
  master: '/json/',
  history: '/api/v1/version',
  notebook: '/api',
};

/**
 * Every page of a cluster, its running jobs' included; those that do not answer too.
 * @throws KilnError `no-cluster`, `cluster-elsewhere` (its processes cannot be reached from here).
 */
export async function waysInto(machinery: Machinery, cluster: string): Promise<readonly Way[]> {
  const look = await living(machinery, cluster);
  const page = await askMaster(machinery, look.paths);
  return [...(await pageWays(look)), ...(page?.activeapps ?? []).map((app) => running(look, app))];
}

/**
 * The way to one page, which answers.
 * @param wanted `master`, `history`, `notebook`, or a job: its ID as `kiln jobs` has it, or its application's id or
 *   name.
 * @throws KilnError as waysInto; `no-page`, `page-ambiguous`, `page-silent`.
 */
export async function wayTo(machinery: Machinery, cluster: string, wanted: string): Promise<Way> {
  const look = await living(machinery, cluster);
  const pages = await pageWays(look);
  const way = pages.find(({ page }) => page === wanted) ?? (await jobWay(machinery, look, wanted, pages));
  if ((await machinery.fetchJson(way.probe)) !== undefined) return way;
  throw new KilnError({
    code: 'page-silent',
    what: `the page of ${way.page} does not answer`,
    hint: `kiln status ${cluster} says what is wrong`,
    exitCode: 1,
  });
}

async function living(machinery: Machinery, cluster: string): Promise<ClusterLook> {
  const look = await lookAt(machinery, cluster);
  if (look.state === 'up') return look;
  if (look.state === 'dead') throw noCluster(cluster);
  throw new KilnError({
    code: 'cluster-elsewhere',
    what: `the processes of ${cluster} run in another PID namespace of this machine`,
    hint: 'run kiln open there',
    exitCode: 1,
  });
}

async function pageWays(look: ClusterLook): Promise<readonly Way[]> {
  const { cluster } = look.paths;
  const token = await notebookToken(look);
  return Object.entries(look.pages).map(([page, url]) => {
    const secret = page === 'notebook' && token !== undefined;
    return {
      cluster,
      page,
      shows: SHOWS[page] ?? page,
      url: secret ? `${url}/lab?token=${token}` : url,
      secret,
      probe: `${url}${PROBES[page] ?? ''}`,
    };
  });
}

/** What JupyterLab asks for; undefined where there is no notebook. */
async function notebookToken({ sandbox, nodes }: ClusterLook): Promise<string | undefined> {
  const notebook = nodes.find(({ machine }) => machine.node.role === 'notebook')?.machine.node.secrets
    .notebook;
  const file =
    notebook !== undefined && 'credential' in notebook ? join(SECRETS, notebook.credential) : undefined;
  return file === undefined ? undefined : (await sandbox?.read(file))?.trim();
}

const running = ({ paths, pages }: ClusterLook, { id, name }: { id: string; name: string }): Way => ({
  cluster: paths.cluster,
  page: id,
  shows: `the running job ${name}`,
  url: applicationPage(pages['master'] ?? '', id),
  secret: false,
  probe: `${pages['master'] ?? ''}/proxy/${id}/api/v1/applications`,
});

const Logged = z.array(z.object({ id: z.string(), name: z.string() }));

/** A job that runs, at its driver's page; one that has ended, at the history server's. */
async function jobWay(
  machinery: Machinery,
  look: ClusterLook,
  wanted: string,
  pages: readonly Way[],
): Promise<Way> {
  const { cluster } = look.paths;
  const application = await applicationOf(machinery, look, wanted);
  const is = ({ id, name }: { id: string; name: string }): boolean => [id, name].includes(application);
  const page: MasterPage | undefined = await askMaster(machinery, look.paths);
  const active = (page?.activeapps ?? []).filter(is);
  const [only, another] = active;
  if (another !== undefined) throw ambiguous(wanted, active);
  if (only !== undefined) return running(look, only);
  const { history } = look.pages;
  if (history !== undefined) {
    // The newest first.
    const logged = Logged.safeParse(await machinery.fetchJson(`${history}/api/v1/applications`));
    const ended = (logged.data ?? []).find(is);
    if (ended !== undefined)
      return {
        cluster,
        page: ended.id,
        shows: `the job ${ended.name}, which has ended`,
        url: historyPage(history, ended.id),
        secret: false,
        probe: `${history}/api/v1/applications/${ended.id}`,
      };
  }
  const names = [...pages.map(({ page: name }) => name), ...(page?.activeapps ?? []).map(({ id }) => id)];
  throw new KilnError({
    code: 'no-page',
    what: `${cluster} has no page and no running job ${wanted}`,
    hint: `there are: ${names.join(', ')}${
      history === undefined
        ? '; jobs that have ended are shown by a history server, which this cluster lacks'
        : ''
    }`,
    exitCode: 1,
  });
}

/** Spark's id of a job that is named by its own ID; anything else as it stands. */
async function applicationOf(machinery: Machinery, { paths }: ClusterLook, wanted: string): Promise<string> {
  // An image from before jobs had IDs cannot answer; its applications have names all the same.
  const jobs = await listJobs(machinery, paths, { all: true }).catch((error: unknown) => {
    if (error instanceof KilnError && error.code === 'jobs-failed') return [];
    throw error;
  });
  const job = jobs.find(({ id }) => id === wanted);
  if (job === undefined) return wanted;
  if (job.application !== null) return job.application;
  throw new KilnError({
    code: 'no-page',
    what: `the job ${wanted} (${job.state}) has no Spark application${job.ended === null ? ' yet' : ''}, and so no page`,
    hint: `its output: kiln logs ${paths.cluster} ${wanted}`,
    exitCode: 1,
  });
}

const ambiguous = (wanted: string, found: readonly { readonly id: string }[]): KilnError =>
  new KilnError({
    code: 'page-ambiguous',
    what: `${String(found.length)} running jobs are called ${wanted}`,
    hint: `name one by its id: ${found.map(({ id }) => id).join(', ')}`,
    exitCode: 2,
  });
