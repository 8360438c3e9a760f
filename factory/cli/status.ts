import { Command } from 'commander';
import { KilnError } from '../errors';
import { findProject } from '../project';
import { answer } from './output';
import { requireRoot } from './require-root';

interface Options {
  readonly json?: true;
  readonly watch?: true;
  readonly targets?: true;
}

const INTERVAL = 2;

function oneOf({ json, watch, targets }: Options): void {
  const given = [json && '--json', watch && '--watch', targets && '--targets'].filter(Boolean);
  if (given.length > 1) {
    throw new KilnError({
      code: 'wrong-use',
      what: `${given.join(' and ')} cannot go together`,
      hint: 'leave one out',
      exitCode: 2,
    });
  }
  if (watch && !process.stdout.isTTY) {
    throw new KilnError({
      code: 'wrong-use',
      what: '--watch needs a terminal',
      hint: 'for scripts: kiln status --json, as often as you like',
      exitCode: 2,
    });
  }
}

export function status(): Command {
  return new Command('status')
    .description(
      'the state of a cluster of this machine: nodes, what they offer, jobs, and what is wrong; exit code 1: something is',
    )
    .argument('[stack]', 'the cluster (default: all of them)')
    .option('--watch', `draw it anew every ${String(INTERVAL)} s, until Ctrl-C`)
    .option('--targets', 'print what Prometheus is to scrape, for its file_sd_configs: examples/metrics')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln status local --watch')
    .action(async (stack: string | undefined, options: Options) => {
      oneOf(options);
      requireRoot('the clusters of this machine');
      const [{ hostMachinery }, { clusterName, clusterNames, noCluster }, { overview }, { wrong }] =
        await Promise.all([
          import('../machines/host.js'),
          import('../machines/cluster.js'),
          import('../machines/overview.js'),
          import('../machines/wrong.js'),
        ]);
      const machinery = hostMachinery(findProject().cache);
      const look = async (): Promise<readonly Awaited<ReturnType<typeof overview>>[]> => {
        const names = await clusterNames(machinery.clusters);
        if (stack !== undefined && !names.includes(clusterName(stack))) throw noCluster(stack);
        return Promise.all((stack === undefined ? names : [stack]).map((name) => overview(machinery, name)));
      };
      if (options.targets) {
        const { targets } = await import('../machines/targets.js');
        answer(true, (await look()).flatMap(targets), '');
        return;
      }
      const { overviewText } = await import('./status-view.js');
      const text = (found: Awaited<ReturnType<typeof look>>): string =>
        found.length === 0
          ? 'no clusters on this machine'
          : found.map((all) => overviewText(all, wrong(all), machinery.clock.now())).join('\n\n');
      if (options.watch) {
        const { watch } = await import('./watch.js');
        await watch(process.stdout, INTERVAL, async () => text(await look()));
        return;
      }
      const found = await look();
      const clusters = found.map((all) => ({ ...all, wrong: wrong(all) }));
      answer(options.json === true, { clusters }, text(found));
      if (clusters.some((one) => one.wrong.length > 0)) process.exitCode = 1;
    });
}
