import { KilnError } from '../errors';

/**
 * Wrong use, as it is answered with --json.
 * @param message Commander's: `error: unknown option '--frob'`, and what was meant on a line of its own.
 */
export function usageError(message: string): KilnError {
  const [what = '', meant] = message.replace(/^error: /, '').split('\n');
  return new KilnError({
    code: 'usage',
    what,
    hint: meant === undefined ? 'see --help' : meant.replaceAll(/[()]/g, ''),
    exitCode: 2,
  });
}
