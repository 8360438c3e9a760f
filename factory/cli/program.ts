import { Command } from 'commander';
import { COMMANDS, PLUMBING } from './commands';

/**
 * Wrong use is thrown, not exited upon, at every depth, and reported in two lines: what is wrong, and which help to ask.
 * @param path words that lead to the command, as `kiln image`
 */
function strict(command: Command, path: string): Command {
  command
    .exitOverride()
    .showHelpAfterError(`  see: ${path} --help`)
    .configureOutput({
      outputError: (text, write) => {
        // A suggestion comes on a line of its own.
        write(
          text.replace(/^error: /, 'kiln: ').replace(/\n\(Did you mean (.*)\)\n$/, ': did you mean $1\n'),
        );
      },
    });
  for (const one of command.commands) strict(one, `${path} ${one.name()}`);
  return command;
}

/** The kiln command with all its subcommands. */
export function kilnProgram(): Command {
  const program = new Command('kiln')
    .description('An image factory and deployment kit for Apache Spark.')
    .version('0.1.0')
    .enablePositionalOptions()
    .commandsGroup('Help:')
    .helpCommand('help [command]', 'display help for a command');
  for (const [heading, commands] of COMMANDS)
    for (const command of commands) program.addCommand(command().helpGroup(heading));
  for (const command of PLUMBING) program.addCommand(command().helpGroup('Plumbing:'), { hidden: true });
  return strict(program, 'kiln');
}

const HELP = ['-h', '--help'];

/**
 * The words of a command line as Commander has to see them: it answers `nosuch --help` and `help nosuch` with the help
 * of the command above and exit code 0, which hides that there is no such command.
 */
export function words(program: Command, argv: readonly string[]): readonly string[] {
  let command = program;
  for (const [at, word] of argv.entries()) {
    if (word.startsWith('-') || command.commands.length === 0) break;
    if (word === 'help' && at + 1 < argv.length)
      return words(program, [...argv.slice(0, at), ...argv.slice(at + 1), '--help']);
    const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (next === undefined) return word === 'help' ? argv : argv.filter((one) => !HELP.includes(one));
    command = next;
  }
  return argv;
}
