import { CommanderError } from 'commander';
import { KilnError } from '../errors';
import { formatError } from './output';
import { kilnProgram, words } from './program';
import { runToEnd } from './run-to-end';

async function main(argv: readonly string[]): Promise<number> {
  const program = kilnProgram();
  try {
    await program.parseAsync(words(program, argv), { from: 'user' });
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
      `kiln: internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return 3;
  }
}

// `kiln … | head`: the reader has what it wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

void runToEnd(process, () => main(process.argv.slice(2)));
