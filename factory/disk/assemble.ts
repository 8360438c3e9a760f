import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { allEnded } from '../all-ended';
import { LAYERS } from '../contracts/layers';
import { ImageRecord, LOCK_COPY } from '../contracts/record';
import type { Lock } from '../contracts/lock';
import { MANIFEST } from '../contracts/manifest';
import { KilnError } from '../errors';
import type { CachedLayer } from '../layers/cache';
import { contentId as contentIdOf } from '../layers/content-id';
import { withWorkFolder } from '../layers/work-folder';
import { withThreads } from '../ports/threads';
import type { Project } from '../project';
import { copyLayers } from './copy-layers';
import { espSize, writeBootEntry, writeEsp } from './esp';
import { derivedUuid, derivedVolumeId, nameDigest, sealSalt } from './identity';
import { writeImageManifest } from './image-manifest';
import { identified, layOut, type PartitionName, partitionTable, type Place } from './layout';
import { planRoot } from './root';
import { sealedPartitions, treeOver, writeSeal } from './seal';
import { STATE_SIZE, writeState } from './state';
import type { DoTask, Result, Task } from './tasks';
import type { DiskTools } from './tools-tree';

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
  /** Told how many bytes of the layers the root file system was given by now, of how many. */
  readonly onBytes?: (bytes: number, total: number) => void;
}

export interface Assembled {
  readonly record: ImageRecord;
  /** `.kiln/images/<64 hex>`. */
  readonly folder: string;
}

const imagesFolder = (project: Project): string => join(project.state, 'images');
const hex = (digest: string): string => digest.replace(/^sha256:/, '');

/** The layer whose files change with nearly every bake; what is made at assembly counts to it. */
const VOLATILE = LAYERS.at(-1);

/**
 * Two empty file systems are equal as well: what was built must be sound and have every name that was merged.
 * @throws KilnError `root-failed`.
 */
async function requireWhole(
  tools: DiskTools,
  disk: string,
  start: number,
  names: number,
  merged: number,
): Promise<void> {
  const { code, stderr } = await tools.run('fsck.erofs', [`--offset=${String(start)}`, disk], {
    accept: [0, 1],
  });
  if (code === 0 && names === merged) return;
  throw new KilnError({
    code: 'root-failed',
    what:
      code === 0
        ? `the root file system has ${String(names)} names, the layers have ${String(merged)}`
        : `fsck.erofs finds the root file system damaged: ${stderr.trim()}`,
    hint: 'bake again; if it stays, the disk or memory of this machine may be at fault',
  });
}

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
    const files = { disk: join(work, 'image.raw'), manifest: join(work, MANIFEST), lock: lockText };
    const record = await withThreads<Task, Result, ImageRecord>(join(__dirname, 'worker.js'), (run) =>
      writeImage(options, run as DoTask, work, files),
    );
    return { record, folder: keep(images, record, files, work) };
  });
}

async function writeImage(
  options: AssembleOptions,
  run: DoTask,
  work: string,
  files: { readonly disk: string; readonly manifest: string },
): Promise<ImageRecord> {
  const { tools, lock, layers } = options;
  const { disk } = files;
  const { epoch } = lock;
  const step = options.onStep ?? ((): void => undefined);
  const contentId = contentIdOf(layers);
  // File systems that every bake makes alike have UUIDs of the image's name: another one in each bake would move
  // all their checksums. Partitions are found by UUIDs of the content.
  const template = nameDigest(lock.image);
  const salt = sealSalt(lock.image);

  step('root file system');
  const added = [
    {
      path: 'usr/lib/kiln/image.json',
      content: `${JSON.stringify({ image: lock.image, contentId }, null, 2)}\n`,
    },
  ];
  const root = await planRoot(tools, {
    layers,
    added,
    isVolatile: (path, merged) => merged.ownerOf(path) === VOLATILE,
    uuid: derivedUuid(contentId, 'root file system'),
    epoch,
    work,
  });
  const { merged } = root;
  const boot = [...merged.leftOut.values()].reduce((sum, { size }) => sum + size, 0);
  const layout = layOut([
    { name: 'esp', size: espSize(tools, boot) },
    { name: 'root', size: root.size },
    { name: 'root-verity', size: treeOver(root.size).size },
    { name: 'state', size: STATE_SIZE },
  ]);
  const place = (name: PartitionName): Place => {
    const found = layout.places.find((each) => each.name === name);
    if (found === undefined) throw new Error(`there is no partition ${name}`);
    return found;
  };
  const esp = { disk, ...place('esp') };
  closeSync(openSync(disk, 'wx'));
  truncateSync(disk, layout.size);
  const total = layers.reduce((sum, layer) => sum + layer.size, 0);
  let read = 0;
  await allEnded([
    copyLayers(run, {
      ...{ layers, added, root, disk, start: place('root').start, aside: work },
      onBytes: (bytes) => {
        read += bytes;
        options.onBytes?.(read, total);
      },
    }),
    writeState(
      ...([tools, work, disk, place('state').start] as const),
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
        root: { start: place('root').start, size: root.size },
        tree: place('root-verity'),
        uuid: derivedUuid(contentId, 'seal'),
        salt,
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
  // Its sha256 takes a thread for seconds: what does not need it is done meanwhile.
  const [digest, manifest] = await allEnded([
    run({ kind: 'digest', file: disk }),
    writeImageManifest({ layers, added, merged, epoch, out: files.manifest }),
    requireWhole(tools, disk, place('root').start, root.names, merged.entries),
  ]);
  return ImageRecord.parse({
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
}

/**
 * Puts the image among the project's, with the lock it was made from and the manifest of its files; the same
 * image baked again only gets its record and lock anew (two locks can differ in no byte of the image).
 */
function keep(
  images: string,
  record: ImageRecord,
  files: { readonly disk: string; readonly manifest: string; readonly lock: Buffer },
  work: string,
): string {
  const folder = join(images, hex(record.digest));
  const text = `${JSON.stringify(record, null, 2)}\n`;
  const coming = join(work, 'image');
  mkdirSync(coming);
  writeFileSync(join(coming, 'record.json'), text);
  writeFileSync(join(coming, LOCK_COPY), files.lock);
  renameSync(files.manifest, join(coming, MANIFEST));
  if (existsSync(join(folder, 'image.raw'))) {
    for (const name of [LOCK_COPY, MANIFEST, 'record.json'])
      renameSync(join(coming, name), join(folder, name));
    return folder;
  }
  chmodSync(files.disk, 0o444);
  renameSync(files.disk, join(coming, 'image.raw'));
  renameSync(coming, folder);
  return folder;
}
