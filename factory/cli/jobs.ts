import { Command } from 'commander';
import { findProject } from '../project';
import { answer } from './output';
import { requireRoot } from './require-root';

interface Options {
  readonly all?: true;
  readonly json?: true;
}

export function jobs(): Command {
  return new Command('jobs')
    .description('jobs of a cluster of this machine: those that run, and with --all those that have ended')
    .argument('[stack]', 'the cluster (default: all of them)')
    .option('--all', 'jobs that have ended, too: their records are kept for a day')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln jobs local --all')
    .action(async (stack: string | undefined, options: Options) => {
      requireRoot('the clusters of this machine');
      const [{ hostMachinery }, { clusterName, clusterNames, clusterPaths }, { listJobs }, { jobsText }] =
        await Promise.all([
          import('../machines/host.js'),
          import('../machines/cluster.js'),
          import('../machines/jobs.js'),
          import('./jobs-view.js'),
        ]);
      const { state, cache } = findProject();
      const machinery = hostMachinery(cache);
      const names = stack === undefined ? await clusterNames(machinery.clusters) : [clusterName(stack)];
      const all = options.all === true;
      const clusters = await Promise.all(
        names.map(async (cluster) => ({
          cluster,
          jobs: await listJobs(machinery, clusterPaths(cluster, state), { all }),
        })),
      );
      answer(options.json === true, { clusters }, jobsText(clusters, machinery.clock.now()));
    });
}
