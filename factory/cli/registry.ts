import { Command } from 'commander';

export function registry(): Command {
  const command = new Command('registry').description('where images and channels are kept');
  command
    .command('init')
    .description('make the registry that factory.yaml names; does nothing where there is one')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln registry init')
    .action(async (options: { json?: boolean }) => {
      const { openRegistry } = await import('../registry/open.js');
      const { answer } = await import('./output.js');
      const { home } = openRegistry();
      const made = await home.init();
      answer(
        options.json === true,
        { registry: home.where, made },
        made ? `made an empty registry: ${home.where}` : `there is a registry already: ${home.where}`,
      );
    });
  return command;
}
