import { Command } from 'commander';
import type { Blame } from '../registry/history';

function line({ channel, package: found, since, before, unknown }: Blame): string {
  const { kind, name, version } = found;
  const was =
    before !== null
      ? `, before that ${before}`
      : unknown
        ? '; what was there before is not known'
        : ', where it was new';
  return (
    `${channel}: ${kind} ${name} ${version} since entry ${since.sequence} (${since.digest.slice(0, 19)}, ${since.at}, ` +
    `${since.by}${since.reason === '' ? '' : `: ${since.reason}`})${was}`
  );
}

export function blame(): Command {
  return new Command('blame')
    .description('since which image a channel has a package as it is now, and who brought it')
    .argument('<package>', 'a Debian, conda, Python or Maven package, as factory.lock.json calls it')
    .option('--channel <name>', 'only this one (default: every channel)')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  kiln blame libssl3t64\n  kiln blame numpy --channel production --json\n\n' +
        'Exit code 1: no channel has it.',
    )
    .action(async (name: string, options: { channel?: string; json?: boolean }) => {
      const { openRegistry } = await import('../registry/open.js');
      const { gatesOf } = await import('../registry/project.js');
      const { readCatalogue } = await import('../registry/catalogue.js');
      const { blame: find } = await import('../registry/history.js');
      const { answer } = await import('./output.js');
      const { settings, home } = openRegistry();
      const catalogue = await readCatalogue(home, settings.image, settings.bakes);
      const { channel } = options;
      if (channel !== undefined && !catalogue.logs.has(channel)) gatesOf(settings, channel);
      const found: Blame[] = [];
      for (const each of channel === undefined ? catalogue.logs.keys() : [channel])
        found.push(...(await find(home, catalogue, each, name)));
      answer(
        options.json === true,
        { package: name, found },
        found.length === 0 ? `no channel has a package ${name}` : found.map(line).join('\n'),
      );
      if (found.length === 0) process.exitCode = 1;
    });
}
