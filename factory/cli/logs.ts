import { Command, Option } from 'commander';
import { defined } from '../defined';
import { findProject } from '../project';
import { requireRoot } from './require-root';

interface Options {
  readonly follow?: true;
  readonly stdout?: true;
  readonly stderr?: true;
}

export function logs(): Command {
  return new Command('logs')
    .description('what the driver of a job wrote so far, each stream to the same stream of this command')
    .argument('<stack>', 'the cluster')
    .argument('<id>', 'ID of the job, the beginning of it, or its last four letters')
    .option('-f, --follow', 'until the job ends, and end with its exit code')
    .addOption(new Option('--stdout', 'only what it wrote to standard output').conflicts('stderr'))
    .addOption(new Option('--stderr', 'only what it wrote to standard error'))
    .addHelpText('after', '\nExample:\n  kiln logs local k3f9 -f')
    .action(async (stack: string, id: string, options: Options) => {
      const { state, cache } = findProject();
      requireRoot('the machines of a cluster');
      const [{ hostMachinery }, { clusterName, clusterPaths }, { logsWords }] = await Promise.all([
        import('../machines/host.js'),
        import('../machines/cluster.js'),
        import('../machines/jobs.js'),
      ]);
      const paths = clusterPaths(clusterName(stack), state);
      const only: 'stdout' | 'stderr' | undefined = options.stdout
        ? 'stdout'
        : options.stderr
          ? 'stderr'
          : undefined;
      const { sandbox, words } = await logsWords(hostMachinery(cache), paths, id, {
        follow: options.follow === true,
        ...defined({ only }),
      });
      process.exitCode = await sandbox.attach(words);
    });
}
