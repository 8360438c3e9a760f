import { defined } from '../../defined';
import { KilnError, type Fault } from '../../errors';
import type { AskedJar } from './asked';
import { coordinatesText, type Coordinates } from './coordinates';
import type { Conflict } from './judge';

/** A jar that comes into the image. */
export interface ChosenJar extends Coordinates {
  /** The jar of factory.yaml that it is, or that needs it. */
  readonly asked: AskedJar;
  readonly direct: boolean;
}

const refused = (faults: readonly Fault[]): KilnError =>
  new KilnError({
    code: 'jars-conflict',
    exitCode: 1,
    what: `${String(faults.length)} ${faults.length === 1 ? 'error' : 'errors'} in the jars of factory.yaml: maven`,
    faults,
  });

/** Throws what was found, all of it, if anything was. */
export function refuse(faults: readonly Fault[]): void {
  if (faults.length > 0) throw refused(faults);
}

/** How a jar is called: one that nobody named, with the jar that needs it. */
export const label = (jar: Coordinates, asked: AskedJar, direct: boolean): string =>
  direct ? coordinatesText(jar) : `${coordinatesText(jar)}, which ${asked.artifact} needs,`;

const wayOut = (jar: Coordinates, direct: boolean): string =>
  direct
    ? '; or force: REASON beside it'
    : `; or exclude: [${jar.group}:${jar.artifact}]; or name it yourself, with force: REASON`;

export const faultOf = (
  { what, hint }: Conflict,
  jar: Coordinates,
  asked: AskedJar,
  direct: boolean,
): Fault => ({
  where: asked.where,
  what: `${label(jar, asked, direct)} ${what}`,
  hint: `${hint}${wayOut(jar, direct)}`,
});

/** A jar that the repository does not have, though it has its pom. */
export const lacking = (jar: ChosenJar, { message, hint }: KilnError): Fault => ({
  where: jar.asked.where,
  what: jar.direct ? message : `${message}, which ${jar.asked.artifact} needs`,
  ...defined({ hint }),
});
