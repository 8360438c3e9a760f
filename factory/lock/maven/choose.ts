import type { Fault } from '../../errors';
import type { Maven, MavenNode, MavenRequest } from '../../ports/inputs/maven';
import { judgeExcluded, key, type AskedJar } from './asked';
import { artifactPath, coordinatesText, type Coordinates } from './coordinates';
import { faultOf, label, refuse, type ChosenJar } from './faults';
import type { OwnJar } from './jar/spark-jars';
import { judgeName, type Conflict, type Image } from './judge';
import type { OwnJars } from './own-jars';
import { each } from './tree';

/** Types of Maven whose file is a jar; the others' is named by the type. */
const JARS = new Set(['jar', 'test-jar', 'bundle', 'maven-plugin', 'ejb', 'eclipse-plugin', 'hk2-jar']);

const major = (version: string): number => Number(/\d+/.exec(version)?.[0] ?? Number.NaN);

/** An artifact that the image has: its own jar is used, if that will do. */
function judgeOwn(
  node: MavenNode,
  own: OwnJar,
  direct: boolean,
  image: Image,
  leftOut: (file: string) => boolean,
): Conflict | undefined {
  if (leftOut(own.file)) {
    return { what: `is a jar of Spark that the image lacks`, hint: 'set jars: full in factory.yaml' };
  }
  if (direct && own.version === node.version) {
    return { what: `is a jar of Spark ${image.spark}`, hint: 'remove the line' };
  }
  if (direct) {
    return {
      what: `is in the image as ${own.file}, and only one of the two can be loaded`,
      hint: "remove the line, and the image's own is used",
    };
  }
  if (major(node.version) > major(own.version)) {
    return {
      what: `is newer than the ${own.file} of the image, which would be loaded instead`,
      hint: 'take a release that goes with it, or one that bundles its own under another name (shaded)',
    };
  }
  return undefined;
}

interface Chosen {
  readonly jars: readonly ChosenJar[];
  /** `artifact version (the image's version)`: where the image's own jar is used instead. */
  readonly instead: readonly string[];
  /** Reasons by `group:artifact:version` of the jars that are taken in spite of a conflict. */
  readonly forced: ReadonlyMap<string, string>;
}

/**
 * The jars that are asked for and what they need at run time, less what the image has.
 * @throws KilnError `jars-conflict` with every conflict that their coordinates show.
 */
export async function chooseJars(
  asked: readonly AskedJar[],
  image: Image,
  own: OwnJars,
  leftOut: (file: string) => boolean,
  maven: Maven,
): Promise<Chosen> {
  const requests = (alsoWithout: readonly string[]): MavenRequest[] =>
    asked.map(({ group, artifact, version, classifier, exclude }) => ({
      ...{ group, artifact, version, classifier },
      exclude: [...exclude, ...alsoWithout],
    }));
  const forced = new Map<string, string>();
  const faults: Fault[] = [];
  /** Whether it is taken all the same. */
  const conflict = (found: Conflict, jar: Coordinates, by: AskedJar, direct: boolean): boolean => {
    if (direct && by.force !== undefined) {
      forced.set(coordinatesText(jar), by.force);
      return true;
    }
    faults.push(faultOf(found, jar, by, direct));
    return false;
  };

  faults.push(...(await judgeExcluded(asked, maven)));
  const whole = await maven.tree(requests([]));
  const there = new Map<string, OwnJar>();
  const instead: string[] = [];
  const isOwn = (node: MavenNode): boolean => there.has(key(node));
  for (const { node, asked: by, direct } of each(whole, asked, (each) => !isOwn(each))) {
    const jar = own.find(node);
    if (jar === undefined || node.classifier !== undefined) continue;
    const found = judgeOwn(node, jar, direct, image, leftOut);
    if (found !== undefined && conflict(found, node, by, direct)) continue;
    there.set(key(node), jar);
    if (!direct && jar.version !== node.version) {
      instead.push(`${node.artifact} ${node.version} (${jar.version})`);
    }
  }
  // Maven again, without them: what only they need is theirs to have.
  const without = [...there.keys()].map((each) => each.split(':').slice(0, 2).join(':'));
  const tree = without.length === 0 ? whole : await maven.tree(requests(without));
  const jars: ChosenJar[] = [];
  for (const { node, asked: by, direct } of each(tree, asked)) {
    if (isOwn(node) || (node.type === 'pom' && !direct)) continue;
    if (!JARS.has(node.type)) {
      faults.push(
        faultOf({ what: `is a file of type ${node.type}, not a jar`, hint: 'exclude it' }, node, by, direct),
      );
      continue;
    }
    const found = judgeName(node, image);
    if (found !== undefined) conflict(found, node, by, direct);
    const { group, artifact, version, classifier } = node;
    jars.push({ group, artifact, version, classifier, asked: by, direct });
  }
  const moved = asked.filter((jar) => !tree.some((node) => key(node) === key(jar)));
  const now = tree.find((node) => !asked.some((jar) => key(node) === key(jar)));
  for (const { where, ...jar } of moved) {
    faults.push({
      where,
      what: `${coordinatesText(jar)} has moved to other coordinates`,
      hint: now === undefined ? 'name those' : `name ${coordinatesText(now)}`,
    });
  }
  refuse([...faults, ...judgeFiles(jars, own)]);
  return { jars, instead, forced };
}

/** A file name that two jars have, or one of the image's: only one of them can lie in the folder. */
function judgeFiles(jars: readonly ChosenJar[], own: OwnJars): Fault[] {
  const named = (jar: Coordinates): string => artifactPath(jar, 'jar').split('/').pop() ?? '';
  return jars.flatMap((jar, index) => {
    const file = named(jar);
    const other = jars.slice(0, index).find((each) => named(each) === file);
    if (other === undefined && !own.files.has(file)) return [];
    const whose = other === undefined ? 'a jar of the image' : coordinatesText(other);
    return [
      {
        where: jar.asked.where,
        what: `${label(jar, jar.asked, jar.direct)} has the file name of ${whose}: ${file}`,
        hint: `keep one of them; exclude: [${jar.group}:${jar.artifact}]`,
      },
    ];
  });
}
