import { KilnError } from '../errors';

/** @throws KilnError `not-root`. @param what needs it, in the plural. */
export function requireRoot(what: string): void {
  if (process.getuid?.() === 0) return;
  throw new KilnError({
    code: 'not-root',
    what: `${what} need root`,
    hint: 'run it again with sudo',
    exitCode: 2,
  });
}
