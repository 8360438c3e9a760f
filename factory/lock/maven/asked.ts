import type { JarSpec } from '../../contracts/spec';
import type { Fault } from '../../errors';
import type { Maven, MavenNode } from '../../ports/inputs/maven';
import { parseCoordinates, type Coordinates } from './coordinates';

/** A jar of factory.yaml. */
export interface AskedJar extends Coordinates {
  readonly exclude: readonly string[];
  readonly force: string | undefined;
  /** `factory.yaml:6:9: maven[0]`. */
  readonly where: string;
}

export const askedJars = (specs: readonly JarSpec[], at: (index: number) => string): AskedJar[] =>
  specs.map(({ jar, exclude = [], force }, index) => ({
    ...parseCoordinates(jar),
    exclude,
    force,
    where: at(index),
  }));

/** What there can be one of: an artifact, whatever its version. */
export const key = ({ group, artifact, classifier }: Coordinates): string =>
  [group, artifact, classifier ?? ''].join(':');

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

const flat = (nodes: readonly MavenNode[]): MavenNode[] =>
  nodes.flatMap((node) => [node, ...flat(node.children)]);

/** What is left out and would not come anyway: mistyped, most likely. */
export async function judgeExcluded(asked: readonly AskedJar[], maven: Maven): Promise<Fault[]> {
  if (asked.every(({ exclude }) => exclude.length === 0)) return [];
  const all = flat(
    await maven.tree(
      asked.map(({ group, artifact, version, classifier }) => ({
        ...{ group, artifact, version, classifier },
        exclude: [],
      })),
    ),
  );
  const matches = (pattern: string): boolean => {
    const [group, artifact] = pattern.split(':');
    return all.some(
      (node) => (group === '*' || group === node.group) && (artifact === '*' || artifact === node.artifact),
    );
  };
  return asked.flatMap(({ where, artifact, exclude }) =>
    exclude
      .filter((pattern) => !matches(pattern))
      .map((pattern) => ({
        where,
        what: `exclude: ${pattern} is nothing that ${artifact} needs`,
        hint: 'correct it, or remove it',
      })),
  );
}
