import { KilnError } from '../../errors';
import type { Maven, MavenNode, MavenRequest } from './maven';

const parse = (coordinates: string): Omit<MavenNode, 'children'> => {
  const [group = '', artifact = '', version = '', classifier] = coordinates.split(':');
  return { group, artifact, version, classifier, type: 'jar' };
};

const matches = (pattern: string, { group, artifact }: { group: string; artifact: string }): boolean => {
  const [g, a] = pattern.split(':');
  return (g === '*' || g === group) && (a === '*' || a === artifact);
};

interface Open extends Omit<MavenNode, 'children'> {
  readonly children: Open[];
  readonly exclude: readonly string[];
}

/** Artifacts with what each depends on, `group:artifact:version`. The nearest version wins, then the first, as in Maven. */
export class FakeMaven implements Maven {
  constructor(private readonly dependencies: Readonly<Record<string, readonly string[]>>) {}

  tree(requests: readonly MavenRequest[]): Promise<readonly MavenNode[]> {
    const seen = new Set<string>();
    const isNew = ({ group, artifact, classifier }: Omit<MavenNode, 'children'>): boolean => {
      const key = [group, artifact, classifier].join(':');
      const known = seen.has(key);
      seen.add(key);
      return !known;
    };
    const roots = requests.map((request): Open => ({ ...request, type: 'jar', children: [] })).filter(isNew);
    for (let level = roots; level.length > 0; level = level.flatMap(({ children }) => children)) {
      for (const node of level) {
        const key = `${node.group}:${node.artifact}:${node.version}`;
        const needed = this.dependencies[key];
        if (needed === undefined) {
          return Promise.reject(new KilnError({ code: 'unresolvable', what: `there is no ${key}` }));
        }
        node.children.push(
          ...needed
            .map((text): Open => ({ ...parse(text), children: [], exclude: node.exclude }))
            .filter((child) => !node.exclude.some((pattern) => matches(pattern, child)) && isNew(child)),
        );
      }
    }
    return Promise.resolve(roots);
  }
}
