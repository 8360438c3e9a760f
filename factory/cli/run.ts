import { Command } from 'commander';
import { findProject } from '../project';
import { requireRoot } from './require-root';

export function run(): Command {
  return new Command('run')
    .description(
      'run a job on a cluster of this machine: kiln-submit on its master, output and exit code passed on',
    )
    .argument('<cluster>', 'the cluster')
    .argument('<arguments...>', 'after --: what kiln-submit takes, -m MODULE ARGUMENTS or a file on the node')
    .passThroughOptions()
    .addHelpText(
      'after',
      '\nExample:\n  kiln run local -- -m flights.etl --input s3a://flights/input --output s3a://flights/output',
    )
    .action(async (cluster: string, args: string[]) => {
      const { state, cache } = findProject();
      requireRoot('the machines of a cluster');
      const [{ hostMachinery }, { submitWords }, { clusterName, clusterPaths }] = await Promise.all([
        import('../machines/host.js'),
        import('../machines/submit.js'),
        import('../machines/cluster.js'),
      ]);
      const paths = clusterPaths(clusterName(cluster), state);
      // The options after it are the job's: passed through, with the -- that says so.
      const job = args[0] === '--' ? args.slice(1) : args;
      const { holder, words } = await submitWords(hostMachinery(cache), paths, job);
      process.exitCode = await holder.attach(words);
    });
}
