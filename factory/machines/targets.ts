import { EXPORTER_PORT, type Overview } from './overview';

/** One entry of Prometheus's file_sd_config. */
export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Where Spark's daemons have their pages, and their metrics below (Spark's monitoring page). */
const DAEMONS: Readonly<Record<string, readonly { readonly port: number; readonly path: string }[]>> = {
  master: [
    { port: 8080, path: '/metrics/master/prometheus/' },
    { port: 8080, path: '/metrics/applications/prometheus/' },
  ],
  worker: [{ port: 8081, path: '/metrics/prometheus/' }],
};
const DRIVER = ['/metrics/prometheus/', '/metrics/executors/prometheus'];

/**
 * What Prometheus is to scrape of a cluster: every node's exporter, master, workers, and the drivers that run now.
 * Addresses are those inside the cluster's network.
 */
export function targets(all: Overview): readonly TargetGroup[] {
  const { cluster } = all;
  const living = all.nodes.filter(({ phase }) => phase !== 'ended');
  const group = (
    part: string,
    target: string,
    path: string,
    labels: Readonly<Record<string, string>>,
  ): TargetGroup => ({ targets: [target], labels: { cluster, part, __metrics_path__: path, ...labels } });
  return [
    ...living.map(({ name, role, address }) =>
      group('node', `${address}:${String(EXPORTER_PORT)}`, '/metrics', { node: name, role }),
    ),
    ...living.flatMap(({ name, role, address }) =>
      (DAEMONS[role] ?? []).map(({ port, path }) =>
        group(role, `${address}:${String(port)}`, path, { node: name, role }),
      ),
    ),
    ...all.applications.flatMap(({ id, name, driver }) =>
      driver === null
        ? []
        : DRIVER.map((path) => group('driver', driver, path, { application: id, application_name: name })),
    ),
  ];
}
