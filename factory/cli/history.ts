import { Command } from 'commander';

export function history(): Command {
  return new Command('history')
    .description('what a channel pointed at, when, and who moved it')
    .argument('<channel>', 'a channel of factory.yaml')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln history production')
    .action(async (channel: string, options: { json?: boolean }) => {
      const { openRegistry } = await import('../registry/open.js');
      const { gatesOf } = await import('../registry/project.js');
      const { readCatalogue } = await import('../registry/catalogue.js');
      const { historyTable } = await import('../registry/show.js');
      const { answer } = await import('./output.js');
      const { settings, home } = openRegistry();
      const { logs } = await readCatalogue(home, settings.image, settings.bakes);
      const log = logs.get(channel);
      if (log === undefined) gatesOf(settings, channel);
      answer(
        options.json === true,
        { image: settings.image, channel, entries: log ?? [] },
        historyTable(channel, log ?? []),
      );
    });
}
