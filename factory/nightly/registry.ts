import { openRegistry } from '../registry/open';
import { noRegistry } from '../registry/errors';

/*
 * All that a night asks of the registry by itself; it changes channels by `kiln promote` alone.
 */

/** @throws KilnError `no-registry`: told before a night is spent on an image that has no place. */
export async function requireRegistry(): Promise<void> {
  const { home } = openRegistry();
  if (!(await home.exists())) throw noRegistry(home.where);
}
