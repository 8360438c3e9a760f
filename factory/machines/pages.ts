import type { LaunchGroup } from '../contracts/launch';

type Role = LaunchGroup['node']['role'];

/** A page of a cluster that people look at, from one machine of that role. */
interface Page {
  readonly page: string;
  readonly role: Role;
  /** Of the node. */
  readonly port: string;
}

/**
 * Pages of workers, jobs and executors' logs are below the master's, which leads to them (spark.ui.reverseProxy in
 * images/rootfs/usr/lib/kiln/spark/settings.json).
 */
export const PAGES: readonly Page[] = [
  { page: 'master', role: 'master', port: '8080' },
  { page: 'history', role: 'history', port: '18080' },
  { page: 'notebook', role: 'notebook', port: '8888' },
];

/** What is reached at a machine's loopback port. */
const localUrl = (port: number): string => `http://127.0.0.1:${String(port)}`;

/**
 * Pages by name, in the order of PAGES.
 * @param publish a node's port -> port of this machine, as cluster.json has it; another kiln's ports are left out.
 */
export function pagesOf(publish: Readonly<Record<string, number>>): Readonly<Record<string, string>> {
  const found = PAGES.flatMap(({ page, port }) => {
    const local = publish[port];
    return local === undefined ? [] : [[page, localUrl(local)] as const];
  });
  return Object.fromEntries(found);
}

/** As every command prints them. */
export const pageLine = (page: string, url: string): string => `page of the ${page}: ${url}`;

/** A running application's page, below the master's. */
export const applicationPage = (master: string, id: string): string => `${master}/proxy/${id}/jobs/`;

/** A finished application's page, at the history server. */
export const historyPage = (history: string, id: string): string => `${history}/history/${id}/jobs/`;
