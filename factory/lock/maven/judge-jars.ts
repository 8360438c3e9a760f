import { coordinatesText } from './coordinates';
import { faultOf, refuse, type ChosenJar } from './faults';
import { judgeContents, type Image, type ReadJar } from './judge';
import type { OwnJars } from './own-jars';

/**
 * Judges what is in the jars.
 * @returns reasons by coordinates, of the jars that are taken in spite of a conflict.
 */
export function judgeJars(
  jars: readonly (ChosenJar & ReadJar)[],
  image: Image,
  own: OwnJars,
  known: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const forced = new Map(known);
  const faults = jars.flatMap((jar) => {
    const { asked, direct } = jar;
    const conflicts = judgeContents(jar, image, own, jars);
    if (conflicts.length > 0 && direct && asked.force !== undefined) {
      forced.set(coordinatesText(jar), asked.force);
      return [];
    }
    return conflicts.map((conflict) => faultOf(conflict, jar, asked, direct));
  });
  refuse(faults);
  return forced;
}
