import { Command } from 'commander';
import { KilnError } from '../errors';
import type { Way } from '../machines/ways';
import { findProject } from '../project';
import { answer, note } from './output';
import { requireRoot } from './require-root';

interface Options {
  readonly json?: true;
  readonly browser: boolean;
}

export function open(): Command {
  return new Command('open')
    .description(
      'print the address of a page of a cluster of this machine, and open it where there is a desktop; without a page, list them',
    )
    .argument('[stack]', 'the cluster (default: the only one)')
    .argument(
      '[page]',
      'master, history, notebook, or a job: its ID (kiln jobs), or the id or name of its application',
    )
    .option('--no-browser', 'only print it')
    .option('--json', 'print the answer as JSON; no browser')
    .addHelpText(
      'after',
      `
Examples:
  kiln open local             # the pages that there are
  kiln open local notebook    # its address holds the token: whoever has it may run code
  kiln open local app-20261128121444-0003

A cluster elsewhere is reached through a tunnel: the output open_master of its stack is the command.`,
    )
    .action(async (stack: string | undefined, page: string | undefined, options: Options) => {
      requireRoot('the clusters of this machine');
      const [{ hostMachinery }, { clusterName, clusterNames }, { wayTo, waysInto }] = await Promise.all([
        import('../machines/host.js'),
        import('../machines/cluster.js'),
        import('../machines/ways.js'),
      ]);
      const machinery = hostMachinery(findProject().cache);
      const names = await clusterNames(machinery.clusters);
      const [cluster, wanted] = choose(names, stack, page);
      if (!names.includes(clusterName(cluster))) {
        throw new KilnError({
          code: 'no-cluster',
          what: `no cluster ${cluster} runs on this machine`,
          hint: `kiln clusters lists those that do; for one that is elsewhere: cdktf output ${cluster}, open_master`,
          exitCode: 1,
        });
      }
      if (wanted === undefined) {
        const ways = (await waysInto(machinery, cluster)).map(shown);
        answer(
          options.json === true,
          { pages: ways },
          ways.map(({ page: name, url, shows }) => `${name}  ${url}  ${shows}`).join('\n'),
        );
        return;
      }
      const way = shown(await wayTo(machinery, cluster, wanted));
      answer(options.json === true, way, way.url);
      if (options.json === true || !options.browser) return;
      const { openBrowser } = await import('./browser.js');
      if (await openBrowser(way.url, way.secret)) note(`opened: ${way.shows}`);
    });
}

/** Without what only kiln asks. */
const shown = ({ cluster, page, shows, url, secret }: Way): Omit<Way, 'probe'> => ({
  cluster,
  page,
  shows,
  url,
  secret,
});

/** What stands first is a cluster, or a page of the only one. */
function choose(
  names: readonly string[],
  stack: string | undefined,
  page: string | undefined,
): readonly [cluster: string, page: string | undefined] {
  const [only, another] = names;
  if (stack !== undefined && (page !== undefined || names.includes(stack))) return [stack, page];
  if (only !== undefined && another === undefined) return [only, stack];
  if (stack !== undefined) return [stack, undefined];
  throw new KilnError({
    code: 'which-cluster',
    what:
      only === undefined
        ? 'no clusters run on this machine'
        : `${String(names.length)} clusters run on this machine`,
    hint: only === undefined ? 'cdktf deploy local starts one' : `name one: ${names.join(', ')}`,
    exitCode: only === undefined ? 1 : 2,
  });
}
