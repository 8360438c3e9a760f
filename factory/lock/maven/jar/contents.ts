import { readFile } from 'node:fs/promises';
import { inflateRawSync } from 'node:zlib';
import { fromBufferPromise, openPromise, type Entry, type ZipFile } from 'yauzl';
import { KilnError } from '../../../errors';
import { parseClassFile } from './class-file';

/** The classes of a jar by their internal names, `org/example/Udf`, with the CRC-32 of each. */
export type Classes = ReadonlyMap<string, number>;

/** What a jar has that decides whether it goes with others. */
export interface JarContents {
  readonly classes: Classes;
  /** The class of the newest format, which decides what Java the jar needs. */
  readonly newest: { readonly name: string; readonly major: number } | undefined;
  /** Each class of Scala, Spark or Hadoop that one of its classes refers to, with the first that does. */
  readonly references: ReadonlyMap<string, string>;
  readonly poms: readonly BundledPom[];
}

/** An artifact that a jar says it was made of, itself or another one that was put into it. */
interface BundledPom {
  readonly group: string;
  readonly artifact: string;
  /** undefined: it does not say, or nobody read it. */
  readonly version: string | undefined;
}

/** What a jar says of its origin: `META-INF/maven/GROUP/ARTIFACT/pom.properties`. */
const POM = /^META-INF\/maven\/([^/]+)\/([^/]+)\/pom\.properties$/;
const REFERRED = /^(scala|org\/apache\/(spark|hadoop))\//;

/** The name of a class that is loaded whatever Java runs it; undefined for every other entry. */
const className = (entry: string): string | undefined =>
  entry.endsWith('.class') &&
  !entry.startsWith('META-INF/') &&
  !/(^|\/)(module|package)-info\.class$/.test(entry)
    ? entry.slice(0, -'.class'.length)
    : undefined;

async function entriesOf(zip: ZipFile): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of zip.eachEntry()) entries.push(entry);
  return entries;
}

const OPTIONS = { autoClose: false, strictFileNames: true };

async function withZip<T>(
  what: string,
  open: Promise<ZipFile>,
  use: (zip: ZipFile) => Promise<T>,
): Promise<T> {
  try {
    const zip = await open;
    try {
      return await use(zip);
    } finally {
      zip.close();
    }
  } catch (error) {
    throw new KilnError({
      code: 'unreadable-jar',
      what: `${what} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'name another release of it',
      cause: error,
    });
  }
}

const STORED = 0;
const LOCAL_HEADER = 30;

/** The content of an entry. A jar has tens of thousands: reading them as streams takes ten times as long. */
function contentOf(
  jar: Buffer,
  { relativeOffsetOfLocalHeader: at, compressionMethod, compressedSize }: Entry,
): Buffer {
  const start = at + LOCAL_HEADER + jar.readUInt16LE(at + 26) + jar.readUInt16LE(at + 28);
  const packed = jar.subarray(start, start + compressedSize);
  return compressionMethod === STORED ? packed : inflateRawSync(packed);
}

function pomOf(jar: Buffer, entry: Entry): BundledPom | undefined {
  const [, group, artifact] = POM.exec(entry.fileName) ?? [];
  if (group === undefined || artifact === undefined) return undefined;
  const version = /^version=(.*)$/m.exec(contentOf(jar, entry).toString('utf8'))?.[1]?.trim();
  return { group, artifact, version };
}

const classesOf = (entries: readonly Entry[]): Map<string, number> =>
  new Map(
    entries.flatMap((entry) => {
      const name = className(entry.fileName);
      return name === undefined ? [] : [[name, entry.crc32] as const];
    }),
  );

/**
 * Reads every class of a jar.
 * @throws KilnError `unreadable-jar`.
 */
export async function readContents(what: string, file: string): Promise<JarContents> {
  const jar = await readFile(file);
  return withZip(what, fromBufferPromise(jar, OPTIONS), async (zip) => {
    const entries = await entriesOf(zip);
    const references = new Map<string, string>();
    const poms: BundledPom[] = [];
    let newest: JarContents['newest'];
    for (const entry of entries) {
      const pom = pomOf(jar, entry);
      if (pom !== undefined) poms.push(pom);
      const name = className(entry.fileName);
      const parsed = name === undefined ? undefined : parseClassFile(contentOf(jar, entry));
      if (name === undefined || parsed === undefined) continue;
      if (newest === undefined || parsed.major > newest.major) newest = { name, major: parsed.major };
      for (const each of parsed.references) {
        if (REFERRED.test(each) && !references.has(each)) references.set(each, name);
      }
    }
    return { classes: classesOf(entries), newest, references, poms };
  });
}

/** The directory of a jar: its classes, and the artifacts that it says it was made of. */
export interface JarDirectory {
  readonly classes: Classes;
  readonly poms: readonly Omit<BundledPom, 'version'>[];
}

/** @param jar its bytes, or the file that has them. */
export const readDirectory = (what: string, jar: Buffer | string): Promise<JarDirectory> =>
  withZip(
    what,
    typeof jar === 'string' ? openPromise(jar, OPTIONS) : fromBufferPromise(jar, OPTIONS),
    async (zip) => {
      const entries = await entriesOf(zip);
      return {
        classes: classesOf(entries),
        poms: entries.flatMap(({ fileName }) => {
          const [, group, artifact] = POM.exec(fileName) ?? [];
          return group === undefined || artifact === undefined ? [] : [{ group, artifact }];
        }),
      };
    },
  );
