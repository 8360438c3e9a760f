import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LayerName } from '../contracts/layers';
import { type ImageRecord, LOCK_COPY } from '../contracts/record';
import type { Verdict } from '../contracts/verdict';
import { countBlocks } from '../disk/blocks';
import { KilnError } from '../errors';
import { type CachedLayer, LayerCache } from '../layers/cache';
import type { PlannedLayer } from '../layers/plan';
import { resolveLayers, type Standing } from '../layers/resolve';
import { withWorkFolder } from '../files/work-folder';
import type { Exec } from '../ports/machine/exec';
import type { Project } from '../project';
import { type Difference, firstDifference, layerDifferences } from './compare';
import { contentsOf } from './contents';
import { lendLayer, makePlace, runVaried, type VariedPlace } from './varied';

/** Files of a layer whose contents are looked into. */
const LOOKED_INTO = 5;

interface LayerComparison {
  readonly name: LayerName;
  readonly same: boolean;
  /** Entries of the layer. */
  readonly entries: number;
  readonly differences: readonly Difference[];
}

export interface Reproduction {
  readonly digest: string;
  /** Digest of the second bake; undefined when only some layers were built. */
  readonly again: string | undefined;
  readonly layers: readonly LayerComparison[];
  /** Partitions of which a block differs. */
  readonly partitions: readonly { readonly name: string; readonly differ: number; readonly used: number }[];
}

export interface ReproduceOptions {
  readonly project: Project;
  readonly exec: Exec;
  readonly record: ImageRecord;
  /** Holds image.raw and factory.lock.json. */
  readonly folder: string;
  /** Of the image's lock and this checkout. */
  readonly plan: readonly PlannedLayer[];
  /** The environment file, relative to the project. */
  readonly environment: string;
  /** The folder of the code package, relative to the project. */
  readonly code: string;
  /** Only this layer; those below are taken as they are. */
  readonly layer?: LayerName;
  readonly root: boolean;
  readonly onLine: (line: string) => void;
}

/** @throws KilnError `layer-missing`. */
function builtLayer({ layer, cached }: Standing): CachedLayer {
  if (cached !== undefined) return cached;
  throw new KilnError({
    code: 'layer-missing',
    what: `layer ${layer.name} is no longer in the cache, so there is nothing to compare with file by file`,
    hint: 'kiln bake builds it again from the same lock, then: kiln reproduce',
  });
}

/** Keys of the image's layers as this checkout has them; undefined where a layer that it sees is not in the cache. */
export type KeysHere = ReadonlyMap<LayerName, string | undefined>;

const keysHere = (standings: readonly Standing[]): KeysHere =>
  new Map(
    standings
      .filter(({ layer }) => layer.declared.inImage)
      .map(({ layer, keyed }) => [layer.name, keyed?.key]),
  );

/**
 * A bake is a function of lock and checkout: with other recipes or other code it is another image.
 * @throws KilnError `not-this-checkout` naming every layer whose key is known and differs.
 */
export function requireSameKeys(record: ImageRecord, here: KeysHere): void {
  const then = new Map(record.layers.map(({ name, key }) => [name, key]));
  const names = [...new Set([...then.keys(), ...here.keys()])];
  const show = (key: string | undefined): string => key?.slice(0, 12) ?? 'missing';
  const other = names.filter((name) =>
    here.has(name) ? here.get(name) !== undefined && here.get(name) !== then.get(name) : true,
  );
  if (other.length === 0) return;
  throw new KilnError({
    code: 'not-this-checkout',
    what: `image ${record.digest} was not baked from these recipes and this code`,
    faults: other.map((name) => ({
      where: `layer ${name}`,
      what: `its key is ${show(here.get(name))} here and ${show(then.get(name))} in the record`,
    })),
    hint: 'check out the commit that it was baked from',
  });
}

/** Names the first differing bytes of the first files whose content differs. */
async function lookInto(
  first: string,
  second: string,
  found: readonly Difference[],
): Promise<readonly Difference[]> {
  const paths = new Set(
    found
      .filter(({ what }) => what === 'content')
      .slice(0, LOOKED_INTO)
      .map(({ path }) => path.slice(1)),
  );
  if (paths.size === 0) return found;
  const [a, b] = [await contentsOf(first, paths), await contentsOf(second, paths)];
  return found.map((difference) => {
    const [one, two] = [a.get(difference.path.slice(1)), b.get(difference.path.slice(1))];
    const at =
      difference.what !== 'content' || one === undefined || two === undefined
        ? undefined
        : firstDifference(one, two);
    return at === undefined ? difference : { ...difference, detail: `${difference.detail}, ${at}` };
  });
}

async function compareLayer(
  place: VariedPlace,
  plan: readonly PlannedLayer[],
  first: CachedLayer,
): Promise<LayerComparison> {
  const { name } = first;
  const second = resolveLayers(plan, new LayerCache(place.cache)).find(
    ({ layer }) => layer.name === name,
  )?.cached;
  if (second === undefined) throw new Error(`the second bake left no layer ${name}`);
  const same = first.digest === second.digest;
  const found = same ? [] : await layerDifferences(first.manifest, second.manifest);
  const differences: readonly Difference[] =
    same || found.length > 0
      ? await lookInto(first.tar, second.tar, found)
      : [
          {
            path: '/',
            what: 'order',
            detail: 'the same files in another order, or other names for the same file (hard links)',
          },
        ];
  return { name, same, entries: second.entries, differences };
}

/**
 * Bakes the image's own lock again where everything that must not matter is other than before, from an empty cache,
 * and compares layer by layer, then partition by partition.
 * @throws KilnError `not-this-checkout`, `layer-missing`, and the bake's.
 */
export async function reproduce(options: ReproduceOptions): Promise<Reproduction> {
  const { project, exec, record, folder, plan, layer } = options;
  const cache = new LayerCache(project.cache);
  const standings = resolveLayers(plan, cache);
  requireSameKeys(record, keysHere(standings));
  const lock = join(folder, LOCK_COPY);
  if (!existsSync(lock)) {
    throw new KilnError({
      code: 'image-incomplete',
      what: `${folder} has no ${LOCK_COPY}: what image ${record.digest} was baked from`,
      hint: 'bake it again with this kiln: kiln bake',
    });
  }
  const compared = standings
    .filter(({ layer: { name, declared } }) => (layer === undefined ? declared.inImage : name === layer))
    .map(builtLayer);
  return await withWorkFolder(project.cache, 'reproduce', async (work) => {
    const place = await makePlace(exec, work, project, {
      environment: options.environment,
      code: options.code,
      lock,
    });
    if (layer !== undefined) {
      // All that its key takes something of, and all that those took.
      for (const { cached } of standings)
        if (cached !== undefined && cached.name !== layer)
          lendLayer(cache.folder(cached.key), place.cache, cached.key);
    }
    const words = layer === undefined ? ['bake', '--offline'] : ['layer', layer, '--offline'];
    await runVaried(exec, project.home, place, words, options);
    const layers: LayerComparison[] = [];
    for (const first of compared) layers.push(await compareLayer(place, plan, first));
    if (layer !== undefined) return { digest: record.digest, again: undefined, layers, partitions: [] };
    const disk = join(place.project, '.kiln', 'latest', 'image.raw');
    const again = `sha256:${await exec.run('sha256sum', ['--binary', disk]).then(({ stdout }) => stdout.slice(0, 64))}`;
    const partitions =
      again === record.digest
        ? []
        : record.partitions
            .map(({ name, start, size }) => ({
              name,
              ...countBlocks({ file: join(folder, 'image.raw'), start, size }, { file: disk, start, size }),
            }))
            .filter(({ differ }) => differ > 0);
    return { digest: record.digest, again, layers, partitions };
  });
}

export const isReproduced = ({ digest, again, layers }: Reproduction): boolean =>
  layers.every(({ same }) => same) && (again === undefined || again === digest);

/** The verdict on a whole image; soundness of the file systems and the number of names are every bake's own checks. */
export function verdictOf(
  found: Reproduction,
  by: { readonly kiln: string; readonly host: string },
  times: { readonly at: string; readonly total: number },
): Verdict {
  return {
    version: 1,
    kind: 'reproduced',
    digest: found.digest,
    ok: isReproduced(found),
    checks: [
      ...found.layers.map(({ name, same, entries, differences }) => ({
        name: `layer ${name}`,
        ok: same,
        detail: same ? `${String(entries)} entries` : `${String(differences.length)} differences`,
      })),
      {
        name: 'disk',
        ok: found.again === found.digest,
        detail:
          found.again === found.digest
            ? found.digest
            : `is ${found.again ?? 'not baked'}: ${found.partitions.map(({ name }) => name).join(', ')} differ`,
      },
    ],
    at: times.at,
    by,
    timings: { total: times.total },
  };
}
