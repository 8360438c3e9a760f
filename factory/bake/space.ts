import { mkdirSync, statfsSync, statSync } from 'node:fs';
import { KilnError, type Fault } from '../errors';
import type { DeclaredLayer } from '../recipes/declaration';
import { formatSize } from '../units';

const MIB = 1 << 20;

export interface SpaceNeed {
  /** Folder on the file system in question. */
  readonly folder: string;
  readonly bytes: number;
  readonly what: string;
}

export interface SpaceQuestion {
  readonly cache: string;
  readonly state: string;
  /** Layers that are built side by side. */
  readonly atOnce: number;
  /** Bytes still to download. */
  readonly missing: number;
  /** Of every layer: bytes of its inputs, and of its tar when it is in the cache. */
  readonly layers: readonly {
    readonly declared: Pick<DeclaredLayer, 'name' | 'growth' | 'sees'>;
    readonly inputs: number;
    readonly built: number | undefined;
  }[];
}

/** What a bake will write, at most, and where. */
export function spaceNeeds(question: SpaceQuestion): SpaceNeed[] {
  const size = (layer: SpaceQuestion['layers'][number]): number =>
    layer.built ?? layer.inputs * layer.declared.growth.perInput + layer.declared.growth.beside * MIB;
  const building = question.layers.filter((layer) => layer.built === undefined);
  const tars = building.reduce((sum, layer) => sum + size(layer), 0);
  // While a layer is built its tree is there beside its tar, as many at once as there are processors; recipes run on
  // unpacked trees of those that they see.
  const largest = building
    .map(size)
    .sort((a, b) => b - a)
    .slice(0, question.atOnce);
  const tree = largest.reduce((sum, bytes) => sum + bytes, 0) * 2;
  const seen = new Set(question.layers.flatMap(({ declared }) => declared.sees.map(({ layer }) => layer)));
  const unpacked = question.layers
    .filter(({ declared }) => seen.has(declared.name))
    .reduce((sum, layer) => sum + size(layer), 0);
  // Every byte of a layer is written once; a quarter for whole blocks and what the file systems add.
  const disk = question.layers.reduce((sum, layer) => sum + size(layer), 0) * 1.25;
  return [
    { folder: question.cache, bytes: question.missing, what: 'downloads' },
    {
      folder: question.cache,
      bytes: Math.ceil(tars + tree + (building.length > 0 ? unpacked : 0)),
      what: 'layers',
    },
    { folder: question.state, bytes: Math.ceil(disk), what: 'the image' },
  ].filter((need) => need.bytes > 0);
}

/** Each file system on which the needs lie: all that is needed there, and what is free. */
function perFileSystem(needs: readonly SpaceNeed[]): { readonly fault: Fault; readonly enough: boolean }[] {
  const systems = new Map<number, SpaceNeed[]>();
  for (const need of needs) {
    mkdirSync(need.folder, { recursive: true });
    const device = statSync(need.folder).dev;
    systems.set(device, [...(systems.get(device) ?? []), need]);
  }
  return [...systems.values()].map((group) => {
    const { bavail, bsize } = statfsSync(group[0]?.folder ?? '/');
    const needed = group.reduce((sum, need) => sum + need.bytes, 0);
    const parts = group.map((need) => `${formatSize(need.bytes)} for ${need.what}`).join(', ');
    return {
      fault: {
        where: [...new Set(group.map((need) => need.folder))].join(', '),
        what: `${formatSize(needed)} needed (${parts}), ${formatSize(bavail * bsize)} free`,
      },
      enough: needed <= bavail * bsize,
    };
  });
}

const HINT =
  'free some, or move the cache to another file system: KILN_CACHE=FOLDER; what lies in the cache may be removed at any time';

/** @throws KilnError `no-space` that says for each file system what is needed for what, and what is free. */
export function requireSpace(needs: readonly SpaceNeed[]): void {
  const faults = perFileSystem(needs).flatMap(({ fault, enough }) => (enough ? [] : [fault]));
  if (faults.length > 0)
    throw new KilnError({
      code: 'no-space',
      what: 'there is not enough disk space for a bake',
      hint: HINT,
      faults,
    });
}

/** What a full disk is called by programs and by Node. */
const FULL = /No space left on device|Disk quota exceeded|\bENOSPC\b|\bEDQUOT\b/;

/**
 * The error of a bake that somebody else's files took the disk space from: with the figures of now, for nothing of
 * it is left. Any other error as it is.
 * @param log what its programs said.
 */
export function asNoSpace(error: unknown, log: string, needs: readonly SpaceNeed[]): unknown {
  if (!FULL.test(String(error)) && !FULL.test(log)) return error;
  return new KilnError({
    code: 'no-space',
    what: 'the disk filled up during the bake; nothing half-made is left',
    hint: HINT,
    faults: perFileSystem(needs).map(({ fault }) => fault),
    cause: error,
  });
}
