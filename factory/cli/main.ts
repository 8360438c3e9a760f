import { CommanderError } from 'commander';
import { KilnError } from '../errors';
import { formatError } from './output';
import { kilnProgram, words } from './program';
import { runToEnd } from './run-to-end';
import { systemError } from './system-error';
import { usageError } from './usage-error';

/** With --json an error is an answer, too. */
function answerError({ code, message, hint, faults }: KilnError, argv: readonly string[]): void {
  if (!argv.includes('--json')) return;
  process.stdout.write(`${JSON.stringify({ error: { code, message, hint, faults } }, null, 2)}\n`);
}

async function main(argv: readonly string[]): Promise<number> {
  const program = kilnProgram();
  try {
    await program.parseAsync(words(program, argv), { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has said it already.
      if (error.exitCode === 0) return 0;
      answerError(usageError(error.message), argv);
      return 2;
    }
    const known = error instanceof KilnError ? error : systemError(error);
    if (known !== undefined) {
      process.stderr.write(`${formatError(known)}\n`);
      answerError(known, argv);
      return known.exitCode;
    }
    process.stderr.write(
      `kiln: internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return 3;
  }
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `kiln … | head`: the reader has what it wanted.
  if (error.code === 'EPIPE') process.exit();
  const known = systemError(error);
  process.stderr.write(
    `kiln: its answer could not be written${known === undefined ? '' : `: ${known.message}`}\n`,
  );
  process.exit(3);
});
// There is nobody left to tell.
process.stderr.on('error', () => undefined);

void runToEnd(process, () => main(process.argv.slice(2)));
