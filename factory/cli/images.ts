import { Command } from 'commander';

export function images(): Command {
  return new Command('images')
    .description(
      'list the images baked here and those in the registry: digest, age, size, channels, verdicts',
    )
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln images --json | jq -r .images[].digest')
    .action(async (options: { json?: boolean }) => {
      const { openRegistry } = await import('../registry/open.js');
      const { readCatalogue } = await import('../registry/catalogue.js');
      const { imagesTable, summary } = await import('../registry/show.js');
      const { answer } = await import('./output.js');
      const { settings, home } = openRegistry();
      const catalogue = await readCatalogue(home, settings.image, settings.bakes);
      answer(
        options.json === true,
        { images: catalogue.images.map(summary) },
        imagesTable(catalogue.images, Date.now()),
      );
    });
}
