import { Command, CommanderError } from 'commander';
import { KilnError } from '../errors';
import { COMMANDS, PLUMBING } from './commands';
import { formatError } from './output';

/** Wrong use is thrown, not exited upon, at every depth: `kiln image shwo` ends like `kiln imagee`. */
function throwing(command: Command): Command {
  command.exitOverride();
  command.commands.forEach(throwing);
  return command;
}

async function main(argv: readonly string[]): Promise<number> {
  const program = new Command('kiln')
    .description('An image factory and deployment kit for Apache Spark.')
    .version('0.1.0')
    .showHelpAfterError()
    .enablePositionalOptions();
  for (const command of COMMANDS) program.addCommand(command());
  for (const command of PLUMBING) program.addCommand(command(), { hidden: true });
  throwing(program);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof KilnError) {
      const json = argv.includes('--json');
      process.stderr.write(`${formatError(error)}\n`);
      if (json) {
        const { code, message, hint, faults } = error;
        process.stdout.write(`${JSON.stringify({ error: { code, message, hint, faults } }, null, 2)}\n`);
      }
      return error.exitCode;
    }
    process.stderr.write(
      `kiln: a fault of kiln itself: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return 3;
  }
}

// `kiln … | head`: the reader has what it wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
