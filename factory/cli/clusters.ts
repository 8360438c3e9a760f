import { Command } from 'commander';
import { findProject } from '../project';
import { answer } from './output';
import { requireRoot } from './require-root';

export function clusters(): Command {
  return new Command('clusters')
    .description('the clusters of this machine: nodes, addresses, state, which image')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln clusters --json')
    .action(async (options: { readonly json?: true }) => {
      requireRoot('the clusters of this machine');
      const [{ hostMachinery }, { listClusters }, { pageLine }, { default: Table }] = await Promise.all([
        import('../machines/host.js'),
        import('../machines/list.js'),
        import('../machines/pages.js'),
        import('cli-table3'),
      ]);
      const found = await listClusters(hostMachinery(findProject().cache));
      const parts = found.map(({ cluster, project, state, pages, nodes }) => {
        const table = new Table({
          head: ['node', 'role', 'address', 'machine', 'phase', 'image'],
          style: { head: [], border: [], compact: true },
        });
        for (const node of nodes) {
          const image = node.image.slice(0, 'sha256:'.length + 12);
          table.push([node.name, node.role, node.address, node.machine, node.phase, image]);
        }
        const links = Object.entries(pages).map(([page, url]) => `  ${pageLine(page, url)}`);
        const dead =
          state === 'dead'
            ? [`  its processes have ended; remove the rest: kiln machines down --cluster ${cluster}`]
            : state === 'elsewhere'
              ? ['  its processes run in another PID namespace: it can be ended there only']
              : [];
        return [
          `${cluster} (${state}), of ${project ?? 'an unknown project'}`,
          ...dead,
          ...links,
          table.toString(),
        ].join('\n');
      });
      answer(
        options.json === true,
        found,
        parts.length === 0 ? 'no clusters on this machine' : parts.join('\n\n'),
      );
    });
}
