import type { JarSpec } from '../../contracts/spec';
import { KilnError, type Fault } from '../../errors';
import type { Maven, MavenNode, MavenRequest } from '../../ports/inputs/maven';
import { coordinatesText, parseCoordinates, artifactPath, type Coordinates } from './coordinates';
import { judgeContents, judgeName, type Conflict, type Image, type ReadJar } from './judge';
import type { OwnJar } from './jar/spark-jars';
import type { OwnJars } from './own-jars';

/** A jar of factory.yaml. */
export interface AskedJar extends Coordinates {
  readonly exclude: readonly string[];
  readonly force: string | undefined;
  /** `factory.yaml:6:9: maven[0]`. */
  readonly where: string;
}

/** A jar that comes into the image. */
export interface ChosenJar extends Coordinates {
  /** The jar of factory.yaml that it is, or that needs it. */
  readonly asked: AskedJar;
  readonly direct: boolean;
}

export const askedJars = (specs: readonly JarSpec[], at: (index: number) => string): AskedJar[] =>
  specs.map(({ jar, exclude = [], force }, index) => ({
    ...parseCoordinates(jar),
    exclude,
    force,
    where: at(index),
  }));

const key = ({ group, artifact, classifier }: Coordinates): string =>
  [group, artifact, classifier ?? ''].join(':');

/** Types of Maven whose file is a jar; the others' is named by the type. */
const JARS = new Set(['jar', 'test-jar', 'bundle', 'maven-plugin', 'ejb', 'eclipse-plugin', 'hk2-jar']);

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

/** One artifact that is asked for twice: only one of them can be on the class path. */
export function judgeTwice(asked: readonly AskedJar[]): Fault[] {
  return asked.flatMap((jar, index) => {
    const other = asked.slice(0, index).find((each) => key(each) === key(jar));
    if (other === undefined) return [];
    const versions = other.version === jar.version ? 'twice' : `as ${other.version} and as ${jar.version}`;
    return [
      {
        where: jar.where,
        what: `${jar.group}:${jar.artifact} is asked for ${versions}`,
        hint: 'keep one of them',
      },
    ];
  });
}

const label = (jar: Coordinates, asked: AskedJar, direct: boolean): string =>
  direct ? coordinatesText(jar) : `${coordinatesText(jar)}, which ${asked.artifact} needs,`;

const wayOut = (jar: Coordinates, direct: boolean): string =>
  direct
    ? '; or force: REASON beside it'
    : `; or exclude: [${jar.group}:${jar.artifact}]; or name it yourself, with force: REASON`;

const faultOf = ({ what, hint }: Conflict, jar: Coordinates, asked: AskedJar, direct: boolean): Fault => ({
  where: asked.where,
  what: `${label(jar, asked, direct)} ${what}`,
  hint: `${hint}${wayOut(jar, direct)}`,
});

/** A jar that the repository does not have, though it has its pom. */
export const lacking = (jar: ChosenJar, { message, hint }: KilnError): Fault => ({
  where: jar.asked.where,
  what: jar.direct ? message : `${message}, which ${jar.asked.artifact} needs`,
  ...(hint === undefined ? {} : { hint }),
});

/** The nodes of a tree with the request that each came by. */
function* walk(
  nodes: readonly MavenNode[],
  asked: AskedJar,
  into: (node: MavenNode) => boolean,
  direct = true,
): Generator<{ readonly node: MavenNode; readonly asked: AskedJar; readonly direct: boolean }> {
  for (const node of nodes) {
    yield { node, asked, direct };
    if (into(node)) yield* walk(node.children, asked, into, false);
  }
}

function* each(
  roots: readonly MavenNode[],
  asked: readonly AskedJar[],
  into: (node: MavenNode) => boolean = () => true,
): ReturnType<typeof walk> {
  for (const root of roots) {
    const by = asked.find((jar) => key(jar) === key(root) && jar.version === root.version);
    if (by !== undefined) yield* walk([root], by, into);
  }
}

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

export interface Chosen {
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
