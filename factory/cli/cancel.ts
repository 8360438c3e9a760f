import { Command } from 'commander';
import { findProject } from '../project';
import { answer } from './output';
import { requireRoot } from './require-root';

interface Options {
  readonly now?: true;
  readonly json?: true;
}

export function cancel(): Command {
  return new Command('cancel')
    .description('end a job of a cluster of this machine; returns once nothing of it is left')
    .argument('<stack>', 'the cluster')
    .argument('<id>', 'ID of the job, the beginning of it, or its last four letters')
    .option('--now', 'without the 20 s in which its driver may tidy up')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      '\nExit code 1: there is no such job, or it has ended.\n\nExample:\n  kiln cancel local k3f9',
    )
    .action(async (stack: string, id: string, options: Options) => {
      const { state, cache } = findProject();
      requireRoot('the machines of a cluster');
      const [{ hostMachinery }, { clusterName, clusterPaths }, { cancelJob }] = await Promise.all([
        import('../machines/host.js'),
        import('../machines/cluster.js'),
        import('../machines/jobs.js'),
      ]);
      const paths = clusterPaths(clusterName(stack), state);
      const job = await cancelJob(hostMachinery(cache), paths, id, { now: options.now === true });
      answer(options.json === true, job, `${job.id} (${job.name}): ${job.state}`);
    });
}
