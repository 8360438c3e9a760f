import { defined } from '../defined';
import { KilnError } from '../errors';

/**
 * Waits for everyone: nothing goes on behind an error's back, and when several registries fail, one
 * error tells of all of them.
 */
export async function noneFails(work: readonly Promise<unknown>[]): Promise<void> {
  const settled = await Promise.allSettled(work);
  // Who waits for another one's answer fails by the same error.
  const failures = [
    ...new Set(settled.flatMap((s): unknown[] => (s.status === 'rejected' ? [s.reason] : []))),
  ];
  if (failures.length === 0) return;
  const known = failures.filter((f): f is KilnError => f instanceof KilnError);
  const [first] = known;
  if (first === undefined || known.length < failures.length || known.length === 1) {
    throw failures.find((f) => !(f instanceof KilnError)) ?? failures[0];
  }
  throw new KilnError({
    code: first.code,
    exitCode: first.exitCode,
    what: `${String(known.length)} sources cannot be resolved`,
    faults: known.flatMap((error) => [
      { where: error.code, what: error.message, ...defined({ hint: error.hint }) },
      ...error.faults,
    ]),
    cause: first,
  });
}
