import { Command } from 'commander';

interface Options {
  readonly reason?: string;
  readonly apply?: boolean;
  readonly json?: boolean;
}

export function promote(): Command {
  return new Command('promote')
    .description(
      'point a channel at an image, if the gates before it hold; shows the plan, does it with --apply',
    )
    .argument('<image>', 'a digest or its beginning, or a channel that points at it')
    .argument('<channel>', 'the channel to move')
    .option('--reason <text>', 'why; kept in the history')
    .option('--apply', 'do it')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  kiln promote sha256:0f3a91 candidate --apply\n' +
        '  kiln promote candidate production --reason "3 nights without a failure" --apply\n\n' +
        'Exit code 1: a gate does not hold, or the channel moved meanwhile.',
    )
    .action(async (name: string, channel: string, options: Options) => {
      const { planPromotion } = await import('../registry/channel.js');
      const { openRegistry } = await import('../registry/open.js');
      const { carryOut } = await import('./move.js');
      const { settings, home } = openRegistry();
      const planned = await planPromotion(home, settings, name, channel);
      await carryOut(home, planned, options);
    });
}
