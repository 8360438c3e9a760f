import { Command, InvalidArgumentError } from 'commander';

export function whole(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('must be a whole number, at least 1');
  return Number(text);
}

export function history(): Command {
  return new Command('history')
    .description('what a channel pointed at: when, who moved it, why, and which packages that changed')
    .argument('<channel>', 'a channel of factory.yaml')
    .option('--last <n>', 'number of entries', whole, 20)
    .option('--json', 'print the answer as JSON, with every package')
    .addHelpText('after', '\nExamples:\n  kiln history production\n  kiln history production --last 3 --json')
    .action(async (channel: string, options: { last: number; json?: boolean }) => {
      const { openRegistry } = await import('../registry/open.js');
      const { gatesOf } = await import('../registry/project.js');
      const { readCatalogue } = await import('../registry/catalogue.js');
      const { historyOf } = await import('../registry/history.js');
      const { historyPage } = await import('../registry/show.js');
      const { answer } = await import('./output.js');
      const { settings, home } = openRegistry();
      const catalogue = await readCatalogue(home, settings.image, settings.bakes);
      const log = catalogue.logs.get(channel) ?? [];
      if (log.length === 0) gatesOf(settings, channel);
      const entries = await historyOf(home, catalogue, log, options.last);
      answer(
        options.json === true,
        { image: settings.image, channel, entries },
        historyPage(channel, entries, log.length - entries.length),
      );
    });
}
