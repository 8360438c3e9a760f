import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
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
import type { Project } from '../project';
import { derivedUuid, derivedVolumeId, nameDigest, sealSalt } from './identity';
import { writeEsp } from './esp';
import { writeImageManifest } from './image-manifest';
import { layOut } from './layout';
import { placeRoot } from './place';
import { writeRoot } from './root';
import { sealedPartitions, writeSeal } from './seal';
import { writeDisk } from './write-disk';
import { writeState } from './state';
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
async function requireWhole(tools: DiskTools, root: string, names: number, merged: number): Promise<void> {
  const { code, stderr } = await tools.run('fsck.erofs', [root], { accept: [0, 1] });
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
 * Layers to a disk: root, ESP and state are written side by side, measured, laid out and put into one sparse
 * raw file, whose sha256 is the image's name. It appears in the project's images whole or not at all.
 */
export async function assemble(options: AssembleOptions): Promise<Assembled> {
  const { project, tools, lock } = options;
  const step = options.onStep ?? ((): void => undefined);
  const contentId = contentIdOf(options.layers);
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
    const file = (name: string): string => join(work, name);
    const { epoch } = lock;
    // File systems that every bake makes alike have UUIDs of the image's name: another one in each bake would move
    // all their checksums. Partitions are found by UUIDs of the content.
    const template = nameDigest(lock.image);
    const uuid = (name: string): string => derivedUuid(contentId, `partition ${name}`);

    step('root file system');
    const added = [
      {
        path: 'usr/lib/kiln/image.json',
        content: `${JSON.stringify({ image: lock.image, contentId }, null, 2)}\n`,
      },
    ];
    const total = options.layers.reduce((sum, layer) => sum + layer.size, 0);
    let read = 0;
    const merged = await writeRoot(tools, {
      onRead: (bytes) => {
        read += bytes;
        options.onBytes?.(read, total);
      },
      layers: options.layers,
      added,
      uuid: derivedUuid(contentId, 'root file system'),
      epoch,
      out: file('root.built'),
      work,
    });
    const placed = placeRoot({
      built: file('root.built'),
      out: file('root.erofs'),
      isVolatile: (path) => merged.ownerOf(path) === VOLATILE,
    });
    rmSync(file('root.built'));
    step('seal');
    // The hash tree takes seconds of another process: what does not need it is done meanwhile.
    const [rootHash, manifest] = await allEnded([
      writeSeal(tools, {
        root: file('root.erofs'),
        out: file('root.verity'),
        uuid: derivedUuid(contentId, 'seal'),
        salt: sealSalt(lock.image),
      }),
      writeImageManifest({ layers: options.layers, added, merged, epoch, out: file(MANIFEST) }),
      requireWhole(tools, file('root.erofs'), placed.names, merged.entries),
    ]);
    const uuids = { ...sealedPartitions(rootHash), esp: uuid('esp'), state: uuid('state') };
    step('boot and state partitions');
    await writeEsp(tools, work, file('esp.vfat'), derivedVolumeId(template, 'esp file system'), {
      boot: file('boot'),
      image: lock.image,
      rootHash,
      state: uuids.state,
      epoch,
    });
    const [stateUuid, hashSeed] = [
      derivedUuid(template, 'state file system'),
      derivedUuid(template, 'state hash seed'),
    ];
    await writeState(tools, work, file('state.ext4'), stateUuid, hashSeed, epoch);

    step('disk');
    const parts = [
      { name: 'esp', file: file('esp.vfat') },
      { name: 'root', file: file('root.erofs') },
      { name: 'root-verity', file: file('root.verity') },
      { name: 'state', file: file('state.ext4') },
    ] as const;
    const layout = layOut(
      contentId,
      parts.map((part) => ({ name: part.name, size: statSync(part.file).size, uuid: uuids[part.name] })),
    );
    const disk = file('image.raw');
    const whole = await writeDisk(
      tools,
      layout,
      parts.map((part) => part.file),
      disk,
    );
    const digest = `sha256:${whole}`;
    const record = ImageRecord.parse({
      version: 1,
      image: lock.image,
      digest,
      size: layout.size,
      contentId,
      lock: options.lockDigest,
      layers: options.layers.map(({ name, key, digest: layer, size }) => ({
        name,
        key,
        digest: layer,
        size,
      })),
      manifest,
      partitions: layout.partitions,
      rootHash,
      versions: Object.fromEntries(
        Object.entries(lock.choices).map(([name, choice]) => [name, choice.value]),
      ),
      parents: [],
      bakedBy: { kiln: options.kiln },
    });
    return { record, folder: keep(images, record, { disk, manifest: file(MANIFEST), lock: lockText }, work) };
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
