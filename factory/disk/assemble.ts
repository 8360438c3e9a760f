import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { allEnded } from '../all-ended';
import { LAYERS } from '../contracts/layers';
import { ImageRecord } from '../contracts/record';
import type { Lock } from '../contracts/lock';
import { MANIFEST } from '../contracts/manifest';
import { KilnError } from '../errors';
import type { CachedLayer } from '../layers/cache';
import { contentId as contentIdOf } from '../layers/content-id';
import { soundManifest } from '../layers/damage';
import { withWorkFolder } from '../layers/work-folder';
import { withThreads } from '../ports/threads';
import type { Project } from '../project';
import { type Base, CONTENTS, contentsOf, contentsText, newestBase } from './base';
import { copyLayers } from './copy-layers';
import { espSize, writeBootEntry, writeEsp } from './esp';
import { derivedUuid, derivedVolumeId, nameDigest, sealSalt } from './identity';
import { writeImageManifest } from './image-manifest';
import { type ImageFiles, keep } from './keep';
import { identified, layOut, placeOf, partitionTable } from './layout';
import { planRoot } from './root';
import { sealedPartitions, treeOver, writeSeal } from './seal';
import { STATE_SIZE, writeState } from './state';
import { fillOf } from './segments';
import { digestsOf, layersNotRead, rootBlocks, rootSegments, takenFrom } from './taken';
import type { DoTask, Result, Task } from './tasks';
import type { DiskTools } from './tools-tree';
import { requireWhole } from './whole-root';

export interface AssembleOptions {
  readonly project: Project;
  readonly tools: DiskTools;
  readonly lock: Lock;
  readonly lockDigest: string;
  /** In order; all that the image is made of. */
  readonly layers: readonly CachedLayer[];
  /** kiln's version, for the record. */
  readonly kiln: string;
  readonly onStep?: (step: string) => void;
  /** Told how many bytes the step has read or counted by now, of how many. */
  readonly onBytes?: (bytes: number, total: number) => void;
  /** Told that an image of before is not what was baked: it is not used. */
  readonly onDamage?: (what: string) => void;
}

export interface Assembled {
  readonly record: ImageRecord;
  /** `.kiln/images/<64 hex>`. */
  readonly folder: string;
}

const imagesFolder = (project: Project): string => join(project.state, 'images');

/** The layer whose files change with nearly every bake; what is made at assembly counts to it. */
const VOLATILE = LAYERS.at(-1);

/**
 * Layers to a disk: what goes where is planned from names alone, then every byte is written once, to its place in
 * one sparse raw file, whose sha256 is the image's name. It appears in the project's images whole or not at all.
 */
export async function assemble(options: AssembleOptions): Promise<Assembled> {
  const { project } = options;
  const images = imagesFolder(project);
  mkdirSync(images, { recursive: true });
  const lockText = readFileSync(project.lock);
  if (`sha256:${createHash('sha256').update(lockText).digest('hex')}` !== options.lockDigest) {
    throw new KilnError({
      code: 'sources-changed',
      what: `${project.lock} changed while it was baked`,
      hint: 'bake again when nothing edits it',
    });
  }
  return await withWorkFolder(project.state, 'disk', async (work) => {
    const files = { disk: join(work, 'image.raw'), manifest: join(work, MANIFEST) };
    const base = newestBase(images, options.lock.image);
    const { record, contents } = await withThreads<Task, Result, Written>(
      join(__dirname, 'worker.js'),
      (run) => writeImage(options, run as DoTask, work, files, base),
    );
    return { record, folder: keep(images, record, { ...files, lock: lockText, contents }, work) };
  });
}

interface Written extends Pick<ImageFiles, 'contents'> {
  readonly record: ImageRecord;
}

/** Counts what threads tell, for whoever shows it. */
function counting(options: AssembleOptions, total: number): (bytes: number) => void {
  let sum = 0;
  return (bytes) => {
    sum += bytes;
    options.onBytes?.(sum, total);
  };
}

async function writeImage(
  options: AssembleOptions,
  run: DoTask,
  work: string,
  files: Pick<ImageFiles, 'disk' | 'manifest'>,
  base: Base | undefined,
): Promise<Written> {
  const { tools, lock, layers } = options;
  const { disk } = files;
  const { epoch } = lock;
  const step = options.onStep ?? ((): void => undefined);
  const contentId = contentIdOf(layers);
  // File systems that every bake makes alike have UUIDs of the image's name: another one in each bake would move
  // all their checksums. Partitions are found by UUIDs of the content.
  const template = nameDigest(lock.image);

  step('root file system');
  const added = [
    {
      path: 'usr/lib/kiln/image.json',
      content: `${JSON.stringify({ image: lock.image, contentId }, null, 2)}\n`,
    },
  ];
  const manifests = layers.map(soundManifest);
  const contents = manifests.map(contentsOf);
  const [taken, root] = await allEnded([
    // A thread reads the base while this one reads names.
    takenFrom(run, base, contents, ({ folder }) => {
      rmSync(join(folder, CONTENTS));
      options.onDamage?.(
        `the image in ${folder} is not what was baked: nothing is taken from it, and whoever asks for it bakes it again`,
      );
    }),
    planRoot(tools, {
      layers,
      added,
      isVolatile: (path, merged) => merged.ownerOf(path) === VOLATILE,
      uuid: derivedUuid(contentId, 'root file system'),
      epoch,
      work,
    }),
  ]);
  const { merged } = root;
  const boot = [...merged.leftOut.values()].reduce((sum, { size }) => sum + size, 0);
  const layout = layOut([
    { name: 'esp', size: espSize(tools, boot) },
    { name: 'root', size: root.size },
    { name: 'root-verity', size: treeOver(root.size).size },
    { name: 'state', size: STATE_SIZE },
  ]);
  const [rootPlace, tree] = [placeOf(layout.places, 'root'), placeOf(layout.places, 'root-verity')];
  const esp = { disk, ...placeOf(layout.places, 'esp') };
  const digests = digestsOf(merged, contents, added);
  const segments = rootSegments(root, rootPlace.start, digests, taken);
  closeSync(openSync(disk, 'wx'));
  truncateSync(disk, layout.size);
  const read = layers.filter((_, index) => taken?.layers.has(index) !== true);
  await allEnded([
    copyLayers(run, {
      ...{ layers, added, root, disk, start: rootPlace.start, aside: work },
      taken: layersNotRead(taken, layers, contents),
      onBytes: counting(
        options,
        read.reduce((sum, { size }) => sum + size, 0),
      ),
    }),
    writeState(
      ...([tools, work, disk, placeOf(layout.places, 'state').start] as const),
      derivedUuid(template, 'state file system'),
      derivedUuid(template, 'state hash seed'),
      epoch,
    ),
  ]);

  step('seal');
  const [rootHash] = await allEnded([
    writeSeal(
      {
        disk,
        root: { start: rootPlace.start, size: root.size },
        tree,
        uuid: derivedUuid(contentId, 'seal'),
        salt: sealSalt(lock.image),
        data: rootBlocks(segments, taken),
        base: taken?.base.disk,
      },
      run,
    ),
    writeEsp(tools, work, esp, {
      boot: join(work, 'boot'),
      volumeId: derivedVolumeId(template, 'esp file system'),
      epoch,
    }),
  ]);
  const uuids = {
    ...sealedPartitions(rootHash),
    esp: derivedUuid(contentId, 'partition esp'),
    state: derivedUuid(contentId, 'partition state'),
  };
  const { partitions, label } = identified(layout.places, contentId, uuids);
  await writeBootEntry(tools, work, esp, { image: lock.image, rootHash, state: uuids.state, epoch });
  await tools.run('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', disk], {
    input: partitionTable({ partitions, label }),
  });

  step('disk');
  const written = [
    { start: 0, size: rootPlace.start },
    ...segments,
    { start: tree.start, size: layout.size - tree.start },
  ];
  // A thread is busy with it for seconds: what does not need it is done meanwhile.
  const [digest, manifest] = await allEnded([
    run(fillOf(written, { disk, size: layout.size, base: taken?.base.disk }), counting(options, layout.size)),
    writeImageManifest({ layers, manifests, added, merged, epoch, out: files.manifest }),
    requireWhole(tools, { disk, start: rootPlace.start, names: root.names, merged: merged.entries }),
  ]);
  const record = ImageRecord.parse({
    version: 1,
    image: lock.image,
    digest: `sha256:${digest}`,
    size: layout.size,
    contentId,
    lock: options.lockDigest,
    layers: layers.map(({ name, key, digest: layer, size }) => ({ name, key, digest: layer, size })),
    manifest,
    partitions,
    rootHash,
    versions: Object.fromEntries(Object.entries(lock.choices).map(([name, choice]) => [name, choice.value])),
    parents: [],
    bakedBy: { kiln: options.kiln },
  });
  const placed = [...root.places].map(([content, to]) => ({
    sha256: digests.get(content) ?? '',
    size: content.size,
    at: rootPlace.start + to,
  }));
  return { record, contents: contentsText(placed) };
}
