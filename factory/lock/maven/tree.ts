import type { MavenNode } from '../../ports/inputs/maven';
import { key, type AskedJar } from './asked';

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

/**
 * Every node of Maven's tree with the jar of factory.yaml that it came by, and whether it is that jar.
 * @param into whether to go on below a node.
 */
export function* each(
  roots: readonly MavenNode[],
  asked: readonly AskedJar[],
  into: (node: MavenNode) => boolean = () => true,
): ReturnType<typeof walk> {
  for (const root of roots) {
    const by = asked.find((jar) => key(jar) === key(root) && jar.version === root.version);
    if (by !== undefined) yield* walk([root], by, into);
  }
}
