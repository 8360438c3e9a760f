import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { buffer } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { readDirectory, type Classes, type JarDirectory } from './contents';

/** A jar that the image has before any that is asked for. */
export interface OwnJar {
  /** File name on a node. */
  readonly file: string;
  /** undefined: the jar does not say. */
  readonly group: string | undefined;
  readonly artifact: string;
  readonly version: string;
  readonly classes: Classes;
}

/** `guava-33.4.8-jre.jar`: the artifact ends where a dash comes before a digit. */
const FILE = /^(.+?)-(\d.*)\.jar$/;

/** What a jar is by its file name, and by what is in it of that artifact. */
function ownJar(file: string, { classes, poms }: JarDirectory): OwnJar {
  const [, named = file.replace(/\.jar$/, ''), version = ''] = FILE.exec(file) ?? [];
  // A shaded jar has the poms of all that was put into it.
  const pom =
    poms.find(({ artifact }) => artifact === named) ??
    poms
      .filter(({ artifact }) => file.startsWith(`${artifact}-`))
      .sort((a, b) => b.artifact.length - a.artifact.length)[0];
  const artifact = pom?.artifact ?? named;
  return {
    file,
    group: pom?.group,
    artifact,
    version: artifact === named ? version : file.slice(artifact.length + 1, -'.jar'.length),
    classes,
  };
}

/** The jars of a release of Spark as PyPI has it: those of `deps/jars`. */
export async function sparkJars(sdist: string): Promise<OwnJar[]> {
  const jars: OwnJar[] = [];
  const members = extract();
  const reading = pipeline(createReadStream(sdist, { highWaterMark: 1 << 20 }), createGunzip(), members);
  for await (const member of members) {
    const { name } = member.header;
    if (/^[^/]+\/deps\/jars\/[^/]+\.jar$/.test(name)) {
      const file = basename(name);
      jars.push(ownJar(file, await readDirectory(`${file} of Spark`, await buffer(member))));
    } else {
      member.resume();
    }
  }
  await reading;
  return jars;
}
