import { KilnError } from '../../errors';
import type { PlannedDeb } from './parse';

/**
 * apt takes the name of a virtual package, or one with a dot in it, for whichever package it likes.
 * @param own the packages of factory.yaml: each has to come by that very name.
 * @throws KilnError `unresolvable` that names those that do not.
 */
export function refuseOtherNames(
  own: readonly string[],
  planned: readonly Pick<PlannedDeb, 'name'>[],
  suite: string,
): void {
  const others = own.filter((name) => !planned.some((deb) => deb.name === name));
  if (others.length === 0) return;
  throw new KilnError({
    code: 'unresolvable',
    what: `Debian ${suite} has no package of that name`,
    faults: others.map((name) => ({
      where: 'factory.yaml: debs',
      what: `${name} is no package, though apt knows what it may stand for`,
      hint: `name the package itself: apt-cache showpkg ${name} lists what provides it`,
    })),
  });
}
