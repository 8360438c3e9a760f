import type { ImageRecord } from '../contracts/record';
import type { PackageChange } from '../diff/packages';
import type { CatalogueImage } from './catalogue';
import type { GateResult } from './gates/gate';

interface VersionChange {
  readonly name: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

interface LayerChange {
  readonly name: string;
  readonly change: 'same' | 'changed' | 'added' | 'removed';
  /** Bytes of the layer's tar that the new image has; 0 for a removed one. */
  readonly size: number;
}

/** What a promotion or a rollback would do. */
export interface MovePlan {
  readonly action: 'promote' | 'rollback';
  readonly image: string;
  readonly channel: string;
  readonly from: string | undefined;
  readonly to: string;
  /** False when the channel points there already. */
  readonly moves: boolean;
  /** Whether the image has to be stored in the registry first. */
  readonly store: boolean;
  /** Bytes of the disk. */
  readonly size: number;
  /** Bytes of the disk that the channel points at now; null while it points at nothing. */
  readonly sizeBefore: number | null;
  /** Only those that differ. */
  readonly versions: readonly VersionChange[];
  readonly layers: readonly LayerChange[];
  /** Packages that differ; null where it is not known: the channel is empty, or a lock is not there. */
  readonly packages: readonly PackageChange[] | null;
  readonly gates: readonly GateResult[];
}

function versionChanges(from: ImageRecord | undefined, to: ImageRecord): readonly VersionChange[] {
  const names = new Set([...Object.keys(to.versions), ...Object.keys(from?.versions ?? {})]);
  return [...names]
    .sort()
    .map((name) => ({ name, from: from?.versions[name], to: to.versions[name] }))
    .filter((change) => change.from !== change.to);
}

function layerChanges(from: ImageRecord | undefined, to: ImageRecord): readonly LayerChange[] {
  const before = new Map((from?.layers ?? []).map((layer) => [layer.name, layer.digest]));
  const changes: LayerChange[] = to.layers.map(({ name, digest, size }) => {
    const was = before.get(name);
    return { name, size, change: was === undefined ? 'added' : was === digest ? 'same' : 'changed' };
  });
  const after = new Set(to.layers.map((layer) => layer.name));
  for (const { name } of from?.layers ?? []) {
    if (!after.has(name)) changes.push({ name, size: 0, change: 'removed' });
  }
  return changes;
}

/** Pure: what moving a channel from one image to another means, and whether its gates let it. */
export function planMove(
  action: MovePlan['action'],
  channel: string,
  from: CatalogueImage | undefined,
  to: CatalogueImage,
  gates: readonly GateResult[],
  packages: readonly PackageChange[] | null,
): MovePlan {
  return {
    action,
    image: to.record.image,
    channel,
    from: from?.digest,
    to: to.digest,
    moves: from?.digest !== to.digest,
    store: !to.stored,
    size: to.record.size,
    sizeBefore: from?.record.size ?? null,
    versions: versionChanges(from?.record, to.record),
    layers: layerChanges(from?.record, to.record),
    packages,
    gates,
  };
}

export const isAllowed = (plan: MovePlan): boolean =>
  plan.gates.every((gate) => gate.holds || gate.overridden === true);
