import { join } from 'node:path';
import type { Lock } from '../contracts/lock';
import type { CachedLayer } from '../layers/cache';
import { contentId as contentIdOf } from '../layers/content-id';
import { soundManifest } from '../layers/damage';
import { type GrowingLayers, inOrder } from '../layers/growing';
import { type AddedFile, type FileContent, mergeLayers, type MergeLayer } from '../layers/merge';
import { type PreviousImage, type Contents, contentsOf } from './previous-image';
import { BOOT, type BootFiles, bootSize } from './boot';
import { espSize } from './esp';
import { derivedUuid } from './identity';
import { layOut, type PartitionSpan, type PartitionSpans, spanOf } from './layout';
import { planRoot, type PlannedRoot } from './root';
import { treeOver } from './seal';
import type { Segment } from './segments';
import { STATE_SIZE } from './state';
import { digestsOf, rootSegments, type Reused, reusedFrom } from './reused';
import type { DiskTools } from './tools-tree';

export interface PlanDiskOptions {
  readonly tools: DiskTools;
  readonly lock: Lock;
  readonly layers: GrowingLayers;
  /** A previous image, to take from. */
  readonly previous: PreviousImage | undefined;
  /** Folder for what is made in passing. */
  readonly work: string;
  /** Called when all layers are built. */
  readonly onBuilt: () => void;
}

/** What is known as soon as the base layer is. */
interface BootPlan {
  readonly files: BootFiles;
  readonly esp: PartitionSpan;
  /** What is taken from the previous image, and where it lies. */
  readonly reused: Reused | undefined;
}

/** What goes where on a disk, and where it comes from: all but its bytes. */
export interface DiskPlan {
  /** In order; all that the image is made of. */
  readonly layers: readonly CachedLayer[];
  /** Of each layer, the text. */
  readonly manifests: readonly string[];
  readonly contents: readonly Contents[];
  readonly contentId: string;
  readonly root: PlannedRoot;
  readonly reused: Reused | undefined;
  /** sha256 of each content of the root; 64 hex digits. */
  readonly digests: ReadonlyMap<FileContent, string>;
  readonly layout: PartitionSpans;
  /** What of the root is not zeros. */
  readonly segments: readonly Segment[];
}

/** Says on the node which image it is. */
const imageJson = (image: string, layers: readonly MergeLayer[]): AddedFile => ({
  path: 'usr/lib/kiln/image.json',
  content: `${JSON.stringify({ image, contentId: contentIdOf(layers) }, null, 2)}\n`,
});

/** A disk that is being planned: when `boot` rejects, so does `disk`. */
interface DiskPlanning {
  readonly boot: Promise<BootPlan>;
  readonly disk: Promise<DiskPlan>;
}

/**
 * Plans a disk from names alone; what is built of it by now is read while the rest is, and what lies first on the disk
 * is known before the rest is built.
 */
export function planDisk(options: PlanDiskOptions): DiskPlanning {
  let known: (plan: BootPlan) => void = () => undefined;
  const first = new Promise<BootPlan>((resolve) => {
    known = resolve;
  });
  const disk = planWhole(options, known);
  // A plan that fails before the base layer is known has no boot partition either.
  return { boot: Promise.race([first, disk.then(() => first)]), disk };
}

async function planWhole(options: PlanDiskOptions, onBoot: (boot: BootPlan) => void): Promise<DiskPlan> {
  const { tools, lock, work } = options;
  const { image, epoch } = lock;
  const names = join(work, 'names.tar');
  const layers: CachedLayer[] = [];
  const manifests = options.layers.built.map(soundManifest);
  const contents = manifests.map(contentsOf);
  async function* inTurn(): AsyncGenerator<CachedLayer> {
    for await (const layer of inOrder(options.layers)) {
      if (layers.push(layer) > manifests.length) {
        const manifest = soundManifest(layer);
        manifests.push(manifest);
        contents.push(contentsOf(manifest));
      }
      yield layer;
    }
  }
  let boot: BootPlan | undefined;
  const merged = await mergeLayers({
    layers: inTurn(),
    onBase(files) {
      const [layer] = layers;
      const [listed] = contents;
      if (layer === undefined || listed === undefined) throw new Error('there is no base layer');
      const bootFiles = { layer, files, listed };
      const size = espSize(tools, bootSize(bootFiles));
      // It is the first on the disk: whatever follows, it lies there.
      const esp = spanOf(layOut([{ name: 'esp', size }]).spans, 'esp');
      boot = { files: bootFiles, esp, reused: reusedFrom(options.previous, esp.start + esp.size, contents) };
      onBoot(boot);
    },
    added: (all) => [imageJson(image, all)],
    leftOut: [BOOT],
    epoch,
    names,
  });
  if (boot === undefined) throw new Error('no layer was merged');
  options.onBuilt();
  const { esp, reused } = boot;
  const contentId = contentIdOf(layers);
  const root = await planRoot(tools, {
    ...{ layers, merged, names, epoch, work },
    // The last layer's files change with nearly every bake; what is made at assembly counts to it.
    isVolatile: (path) => merged.ownerOf(path) === layers.at(-1)?.name,
    uuid: derivedUuid(contentId, 'root file system'),
  });
  const layout = layOut([
    { name: 'esp', size: esp.size },
    { name: 'root', size: root.size },
    { name: 'root-verity', size: treeOver(root.size).size },
    { name: 'state', size: STATE_SIZE },
  ]);
  const digests = digestsOf(merged, contents);
  const segments = rootSegments(root, spanOf(layout.spans, 'root').start, digests, reused);
  return { layers, manifests, contents, contentId, root, reused, digests, layout, segments };
}
