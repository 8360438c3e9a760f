import type { Coordinates } from './coordinates';
import { coordinatesText } from './coordinates';
import type { JarContents } from './jar/contents';
import { packageOf, type OwnJars } from './own-jars';

/** What the jars have to go with. */
export interface Image {
  /** Exact release. */
  readonly spark: string;
  /** As far as the compatibility table knows it, `2.13` or `2.13.17`. */
  readonly scala: string;
  readonly hadoop: string;
  /** Major version. */
  readonly java: number;
}

/** Why a jar cannot come into the image, and the way out. */
export interface Conflict {
  readonly what: string;
  readonly hint: string;
}

const parts = (version: string, count: number): string => version.split('.').slice(0, count).join('.');
const dotted = (name: string): string => name.replaceAll('/', '.');

/** The binary version of Scala that a name is made for: `udf_2.12`, `0.8.3-spark3.4-s_2.12`. */
const scalaOf = ({ artifact, version }: Coordinates): string | undefined =>
  /_(2\.1\d|3)(?=$|[-_.])/.exec(artifact)?.[1] ?? /s_(2\.1\d|3)$/.exec(version)?.[1];

/** Judges coordinates: what needs no jar. */
export function judgeName(jar: Coordinates, image: Image): Conflict | undefined {
  const { group, artifact, version } = jar;
  const scala = parts(image.scala, 2);
  const made = scalaOf(jar);
  if (made !== undefined && made !== scala) {
    return {
      what: `is built for Scala ${made}, Spark ${image.spark} runs on Scala ${scala}`,
      hint: `take ${coordinatesText({ ...jar, artifact: artifact.replace(`_${made}`, `_${scala}`) })}, if there is one`,
    };
  }
  if (group === 'org.apache.spark' && parts(version, 2) !== parts(image.spark, 2)) {
    return {
      what: `belongs to Spark ${parts(version, 2)}, the image has Spark ${image.spark}`,
      hint: `take the release of Spark ${parts(image.spark, 2)}`,
    };
  }
  if (group === 'org.apache.hadoop' && version !== image.hadoop) {
    return {
      what: `belongs to Hadoop ${version}, the image has Hadoop ${image.hadoop}`,
      hint: `take ${coordinatesText({ ...jar, version: image.hadoop })}`,
    };
  }
  return undefined;
}

/** Java's major version of a class file format. */
const javaOf = (major: number): number => major - 44;

/** A jar with what is in it. */
export interface ReadJar extends Coordinates {
  readonly contents: JarContents;
}

interface Line {
  readonly of: string;
  readonly pattern: RegExp;
  readonly release: (image: Image) => string;
}
const LINES: readonly Line[] = [
  { of: 'Scala', pattern: /^scala\//, release: ({ scala }) => scala },
  { of: 'Spark', pattern: /^org\/apache\/spark\//, release: ({ spark }) => spark },
  { of: 'Hadoop', pattern: /^org\/apache\/hadoop\//, release: ({ hadoop }) => hadoop },
];

/**
 * A class of Scala, Spark or Hadoop that the jar refers to and nobody has: it was built for another release. A whole
 * package that nobody has is an optional part.
 */
function builtForAnother(
  { contents }: ReadJar,
  image: Image,
  own: OwnJars,
  added: readonly ReadJar[],
): Conflict | undefined {
  for (const { of, pattern, release } of LINES) {
    const missing = [...contents.references].filter(
      ([name]) =>
        pattern.test(name) &&
        own.has(packageOf(name)) &&
        own.with(name) === undefined &&
        !added.some((jar) => jar.contents.classes.has(name)),
    );
    const [first] = missing.sort(([a], [b]) => (a < b ? -1 : 1));
    if (first === undefined) continue;
    const more = missing.length === 1 ? '' : ` and ${String(missing.length - 1)} more classes`;
    return {
      what: `is built for another ${of}: ${dotted(first[1])} refers to ${dotted(first[0])}${more}, which ${of} ${release(image)} does not have`,
      hint: `take the release for ${of} ${parts(release(image), of === 'Hadoop' ? 3 : 2)}`,
    };
  }
  return undefined;
}

function needsNewerJava({ contents: { newest } }: ReadJar, image: Image): Conflict | undefined {
  if (newest === undefined || javaOf(newest.major) <= image.java) return undefined;
  return {
    what: `needs Java ${String(javaOf(newest.major))} (${dotted(newest.name)}), the image has Java ${String(image.java)}`,
    hint: `take a release for Java ${String(image.java)}, or set java: in factory.yaml`,
  };
}

/** Another jar with classes of the same names and other bytes: which of the two is loaded is chance. */
interface Other {
  readonly label: string;
  readonly classes: ReadonlyMap<string, number>;
  /** `group:artifact:version` that it is. */
  readonly is: (pom: { readonly artifact: string; readonly version: string | undefined }) => boolean;
}

function overlap({ contents }: ReadJar, names: Iterable<string>, other: Other): Conflict | undefined {
  // The same release inside a jar of many: the same classes, though a tool rewrote them.
  if (contents.poms.some(other.is)) return undefined;
  const same = [...names].filter((name) => other.classes.get(name) !== contents.classes.get(name)).sort();
  const [first] = same;
  if (first === undefined) return undefined;
  return {
    what: `has ${same.length === 1 ? 'a class' : `${String(same.length)} classes`} that ${other.label} has too, and not the same: ${dotted(first)}`,
    hint: 'take a release that does not bundle them (often called shaded or thin), or exclude the jar that brings them',
  };
}

function duplicatesOwn(jar: ReadJar, own: OwnJars): Conflict[] {
  const byJar = new Map<NonNullable<ReturnType<OwnJars['with']>>, string[]>();
  for (const name of jar.contents.classes.keys()) {
    const holder = own.with(name);
    if (holder === undefined) continue;
    const names = byJar.get(holder);
    if (names === undefined) byJar.set(holder, [name]);
    else names.push(name);
  }
  return [...byJar].flatMap(([holder, names]) => {
    const conflict = overlap(jar, names, {
      label: `${holder.file} of the image`,
      classes: holder.classes,
      is: ({ artifact, version }) => artifact === holder.artifact && version === holder.version,
    });
    return conflict === undefined ? [] : [conflict];
  });
}

/** Only the later of two is at fault, so that each pair is told once. */
const duplicatesAdded = (jar: ReadJar, before: readonly ReadJar[]): Conflict[] =>
  before.flatMap((other) => {
    const names = [...jar.contents.classes.keys()].filter((name) => other.contents.classes.has(name));
    const conflict = overlap(jar, names, {
      label: coordinatesText(other),
      classes: other.contents.classes,
      is: ({ artifact, version }) => artifact === other.artifact && version === other.version,
    });
    return conflict === undefined ? [] : [conflict];
  });

/** Judges what is in a jar against the image and the jars that come with it. */
export function judgeContents(
  jar: ReadJar,
  image: Image,
  own: OwnJars,
  added: readonly ReadJar[],
): readonly Conflict[] {
  const first = needsNewerJava(jar, image) ?? builtForAnother(jar, image, own, added);
  // Classes of another release overlap as a matter of course.
  if (first !== undefined) return [first];
  return [...duplicatesOwn(jar, own), ...duplicatesAdded(jar, added.slice(0, added.indexOf(jar)))];
}
