import { basename } from 'node:path';
import { coordinatesText, type Coordinates } from './coordinates';
import { readDirectory } from './jar/contents';
import type { OwnJar } from './jar/spark-jars';

/** What the image has on its class path before any jar that is asked for. */
export interface OwnJars {
  /** The jar that has an artifact, in whatever version. */
  find(artifact: { readonly group: string; readonly artifact: string }): OwnJar | undefined;
  /** The jar that has a class. */
  with(name: string): OwnJar | undefined;
  /** Whether one of the jars has a package, `scala/collection`. */
  has(folder: string): boolean;
  readonly files: ReadonlySet<string>;
}

export const packageOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('/')));

export function ownJars(jars: readonly OwnJar[]): OwnJars {
  const classes = new Map<string, OwnJar>();
  for (const jar of jars) for (const name of jar.classes.keys()) classes.set(name, jar);
  const packages = new Set([...classes.keys()].map(packageOf));
  const byName = new Map(jars.map((jar) => [jar.artifact, jar]));
  return {
    find({ group, artifact }) {
      const jar = byName.get(artifact);
      // Some jars of Spark do not say their group; no two of them have one name.
      return jar?.group === undefined || jar.group === group ? jar : undefined;
    },
    with: (name) => classes.get(name),
    has: (folder) => packages.has(folder),
    files: new Set(jars.map(({ file }) => file)),
  };
}

/** A file of the hadoop layer, which knows what it is. */
export async function hadoopJar(coordinates: Coordinates, path: string, file: string): Promise<OwnJar> {
  const { group, artifact, version } = coordinates;
  const { classes } = await readDirectory(coordinatesText(coordinates), file);
  // As the recipe of the hadoop layer names it.
  const name = basename(path).replace(/^bundle-/, 'awssdk-bundle-');
  return { file: name, group, artifact, version, classes };
}
