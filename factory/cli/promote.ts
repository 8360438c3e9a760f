import { Command } from 'commander';

interface Options {
  readonly override: readonly string[];
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
    .option(
      '--override <gate>',
      'promote although this gate does not hold; recorded for ever, with --reason; may be repeated',
      (gate: string, gates: readonly string[]) => [...gates, gate],
      [],
    )
    .option('--apply', 'do it')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  kiln promote sha256:0f3a91 candidate --apply\n' +
        '  kiln promote candidate production --reason "3 nights without a failure" --apply\n' +
        '  kiln promote 0f3a91 production --override hours --reason "fixes CVE-2026-1234" --apply\n\n' +
        'Exit code 1: a gate does not hold, or the channel moved meanwhile.',
    )
    .action(async (name: string, channel: string, options: Options) => {
      const { planPromotion } = await import('../registry/channel.js');
      const { openRegistry } = await import('../registry/open.js');
      const { carryOut } = await import('./move.js');
      const { reasonMissing } = await import('./reason.js');
      const { settings, home } = openRegistry();
      if (options.override.length > 0 && (options.reason ?? '').trim() === '')
        throw reasonMissing('--override');
      const planned = await planPromotion(home, settings, name, channel, { overrides: options.override });
      await carryOut(home, planned, options);
    });
}
