import { join } from 'node:path';
import { CONSOLE } from './driver';
import { type ClusterLook, lookAtAll, phaseOf } from './look';
import type { Machinery } from './machinery';

interface ListedNode {
  readonly name: string;
  readonly role: string;
  readonly address: string;
  readonly machine: string;
  /** `ended`, `booting`, or what the node says. */
  readonly phase: string;
  /** The image it was started from. */
  readonly image: string;
  /** The image that it says it runs; null until it says. */
  readonly reported: string | null;
  readonly console: string;
}

interface ListedCluster {
  readonly cluster: string;
  readonly project: string | null;
  readonly state: ClusterLook['state'];
  readonly pages: Readonly<Record<string, string>>;
  readonly nodes: readonly ListedNode[];
}

/** Every cluster of this machine, whichever project it is of; dead ones too, so that they can be removed. */
export async function listClusters(machinery: Machinery): Promise<readonly ListedCluster[]> {
  const looks = await lookAtAll(machinery);
  return looks.map(({ paths, record, state, pages, nodes }) => ({
    cluster: paths.cluster,
    project: record?.project ?? null,
    state,
    pages,
    nodes: nodes.map((node) => ({
      name: node.machine.name,
      role: node.machine.node.role,
      address: node.machine.network.address,
      machine: node.machine.kind,
      phase: phaseOf(node),
      image: node.machine.image.digest,
      reported: node.status?.image?.digest ?? null,
      console: join(node.machine.folder, CONSOLE),
    })),
  }));
}
