import { Command } from 'commander';

interface Options {
  readonly reason?: string;
  readonly apply?: boolean;
  readonly json?: boolean;
}

export function rollback(): Command {
  return new Command('rollback')
    .description('point a channel at the image before the present one; shows the plan, does it with --apply')
    .argument('<channel>', 'the channel to move')
    .option('--reason <text>', 'why; kept in the history')
    .option('--apply', 'do it')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  kiln rollback production --reason "workers lose their disks" --apply\n\n' +
        'Twice goes back twice. Gates are not asked: the image has been in the channel before.\n' +
        'Exit code 1: there is nothing to go back to, or the channel moved meanwhile.',
    )
    .action(async (channel: string, options: Options) => {
      const { planRollback } = await import('../registry/channel.js');
      const { openRegistry } = await import('../registry/open.js');
      const { carryOut } = await import('./move.js');
      const { settings, home } = openRegistry();
      const planned = await planRollback(home, settings, channel);
      await carryOut(home, planned, options);
    });
}
