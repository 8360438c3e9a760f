import { KilnError } from '../errors';
import type { Exec } from '../ports/machine/exec';
import type { CommandAnswer } from './gates/gate';

/** Exit code told of a program that could not be started or did not end. */
const NOT_RUN = 127;

const EXIT_CODES = Array.from({ length: 256 }, (_, code) => code);

/** Runs programs in a folder; one that is missing or takes too long answers no. */
export const runIn =
  (exec: Exec, folder: string, env: Readonly<Record<string, string>>) =>
  async ([program = '', ...args]: readonly string[], seconds: number): Promise<CommandAnswer> => {
    try {
      const { code, stdout, stderr } = await exec.run(program, args, {
        cwd: folder,
        env,
        timeout: seconds * 1000,
        accept: EXIT_CODES,
      });
      const lines = `${stderr}\n${stdout}`.split('\n').map((line) => line.trim());
      return { code, said: (lines.findLast((line) => line !== '') ?? '').slice(0, 300) };
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      return { code: NOT_RUN, said: error.message.split('\n')[0] ?? '' };
    }
  };
