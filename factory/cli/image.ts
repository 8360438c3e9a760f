import { Command } from 'commander';

export function image(): Command {
  const command = new Command('image').description('look at one image');
  command
    .command('show')
    .description('what an image is made of, what was proven of it, where it is')
    .argument('<image>', 'a digest or its beginning, or a channel')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExamples:\n  kiln image show production\n  kiln image show sha256:0f3a91')
    .action(async (name: string, options: { json?: boolean }) => {
      const { openRegistry } = await import('../registry/open.js');
      const { findImage, readCatalogue } = await import('../registry/catalogue.js');
      const { imagePage, summary } = await import('../registry/show.js');
      const { answer } = await import('./output.js');
      const { settings, home } = openRegistry();
      const found = findImage(await readCatalogue(home, settings.image, settings.bakes), name);
      answer(
        options.json === true,
        { ...summary(found), record: found.record, verdicts: found.verdicts },
        imagePage(found),
      );
    });
  return command;
}
