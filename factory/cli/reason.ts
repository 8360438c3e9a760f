import { KilnError } from '../errors';

export const reasonMissing = (what: string): KilnError =>
  new KilnError({
    code: 'reason-missing',
    what: `${what} needs a reason: it is kept for ever`,
    hint: 'say it with --reason "..."',
    exitCode: 2,
  });
