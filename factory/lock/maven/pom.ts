import { XMLParser } from 'fast-xml-parser';
import { z } from 'zod';
import { defined } from '../../defined';

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const many = <T extends z.ZodType>(item: T) => z.union([z.array(item), item.transform((value) => [value])]);
/** An empty element is parsed as an empty string. */
const orEmpty = <T extends z.ZodType>(item: T) =>
  z.union([item, z.literal('').transform(() => undefined)]).optional();

const Dependency = z.object({
  groupId: text,
  artifactId: text,
  version: text.optional(),
  scope: text.optional(),
});
const Dependencies = orEmpty(z.object({ dependency: orEmpty(many(Dependency)) }));

const Project = z.object({
  project: z.object({
    parent: z.object({ groupId: text, artifactId: text, version: text }).optional(),
    version: text.optional(),
    properties: orEmpty(z.record(z.string(), z.unknown())),
    dependencies: Dependencies,
    dependencyManagement: orEmpty(z.object({ dependencies: Dependencies })),
  }),
});

type Dependency = z.infer<typeof Dependency>;

/** A pom, the parts that say which version of what. */
export interface Pom {
  readonly parent:
    { readonly groupId: string; readonly artifactId: string; readonly version: string } | undefined;
  readonly version: string | undefined;
  readonly properties: Readonly<Record<string, string>>;
  readonly dependencies: readonly Dependency[];
  readonly managed: readonly Dependency[];
}

export function parsePom(xml: string): Pom {
  // Versions such as 3.10 are no numbers.
  const { project } = Project.parse(new XMLParser({ parseTagValue: false }).parse(xml));
  return {
    parent: project.parent,
    version: project.version,
    properties: Object.fromEntries(
      Object.entries(project.properties ?? {}).flatMap(([k, v]) => (typeof v === 'string' ? [[k, v]] : [])),
    ),
    dependencies: project.dependencies?.dependency ?? [],
    managed: project.dependencyManagement?.dependencies?.dependency ?? [],
  };
}

/** Replaces `${name}`; a property may name another. */
function expand(value: string, properties: Readonly<Record<string, string>>, depth = 8): string {
  return depth === 0
    ? value
    : value.replace(/\$\{([^}]+)\}/g, (whole, name: string) => {
        const inner = properties[name];
        return inner === undefined ? whole : expand(inner, properties, depth - 1);
      });
}

/**
 * The version of a dependency by a pom and its parents.
 * @param chain the pom itself first, then its parent, and so on.
 */
export function versionOf(chain: readonly Pom[], groupId: string, artifactId: string): string | undefined {
  const properties = Object.assign(
    {},
    ...[...chain].reverse().map((pom) => ({
      ...defined({ 'project.version': pom.version }),
      ...pom.properties,
    })),
  ) as Record<string, string>;
  const [own] = chain;
  const isIt = (d: Dependency): boolean => d.groupId === groupId && d.artifactId === artifactId;
  const used = own?.dependencies.find((d) => isIt(d) && d.scope !== 'test' && d.scope !== 'provided');
  if (used === undefined) return undefined;
  const version =
    used.version ??
    chain.flatMap((pom) => pom.managed).find((d) => isIt(d) && d.version !== undefined)?.version;
  return version === undefined ? undefined : expand(version, properties);
}
