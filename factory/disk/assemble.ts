import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { allEnded } from '../all-ended';
import type { Lock } from '../contracts/lock';
import { MANIFEST } from '../contracts/manifest';
import { ImageRecord } from '../contracts/record';
import { KilnError } from '../errors';
import type { GrowingLayers } from '../layers/growing';
import { withWorkFolder } from '../layers/work-folder';
import { withThreads } from '../ports/threads';
import type { Project } from '../project';
import { type Base, CONTENTS, contentsText, newestBase, type OnDisk } from './base';
import { BOOT, type BootFiles, copyBoot } from './boot';
import { copyLayers } from './copy-layers';
import { writeBootEntry, writeEsp } from './esp';
import { derivedUuid, derivedVolumeId, nameDigest, sealSalt } from './identity';
import { writeImageManifest } from './image-manifest';
import { type ImageFiles, keep } from './keep';
import { identified, type Layout, partitionTable, type Place, placeOf } from './layout';
import { type DiskPlan, planDisk } from './plan-disk';
import { sealedPartitions, writeSeal } from './seal';
import { fillOf } from './segments';
import { writeState } from './state';
import { carryTaken, rootBlocks, strayed } from './taken';
import type { DoTask, Result, Task } from './tasks';
import type { DiskTools } from './tools-tree';
import { clearWhole } from './whole';
import { requireWhole } from './whole-root';

export interface AssembleOptions {
  readonly project: Project;
  readonly tools: DiskTools;
  readonly lock: Lock;
  readonly lockDigest: string;
  /** All that the image is made of. */
  readonly layers: GrowingLayers;
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
    const put = async (folder: string, base: Base | undefined): Promise<Assembled | undefined> => {
      mkdirSync(folder);
      const files = { disk: join(folder, 'image.raw'), manifest: join(folder, MANIFEST) };
      const written = await withThreads<Task, Result, Written | undefined>(
        join(__dirname, 'worker.js'),
        (run) => writeImage(options, run as DoTask, folder, files, base),
      );
      if (written === undefined) return undefined;
      const { record, contents } = written;
      return { record, folder: keep(images, record, { ...files, lock: lockText, contents }, work) };
    };
    const [first, again] = [join(work, 'first'), join(work, 'again')];
    const base = newestBase(images, options.lock.image);
    const assembled = await put(first, base);
    if (assembled !== undefined) return assembled;
    rmSync(first, { recursive: true });
    if (base !== undefined) leave(base, options.onDamage);
    const whole = await put(again, undefined);
    if (whole === undefined) throw new Error('nothing was taken, and that was damaged');
    return whole;
  });
}

/** Nothing is taken from that image any more. */
function leave({ folder }: Base, onDamage: AssembleOptions['onDamage']): void {
  rmSync(join(folder, CONTENTS), { force: true });
  onDamage?.(
    `the image in ${folder} is not what was baked: nothing is taken from it, and whoever asks for it bakes it again`,
  );
}

interface Written extends Pick<ImageFiles, 'contents'> {
  readonly record: ImageRecord;
}

/** What every step of it works with. */
interface Writing {
  readonly options: AssembleOptions;
  readonly plan: DiskPlan;
  readonly run: DoTask;
  readonly work: string;
  readonly disk: string;
}

/** @returns undefined when the base is not what it was: whatever was made of it is worth nothing. */
async function writeImage(
  options: AssembleOptions,
  run: DoTask,
  work: string,
  { disk, manifest }: Pick<ImageFiles, 'disk' | 'manifest'>,
  base: Base | undefined,
): Promise<Written | undefined> {
  const step = options.onStep ?? ((): void => undefined);
  const { tools, lock, layers } = options;
  closeSync(openSync(disk, 'wx'));
  let [carried, esp] = [Promise.resolve(true), Promise.resolve()];
  try {
    const plan = await planDisk({
      ...{ tools, lock, layers, base, work },
      onTaken(taken) {
        truncateSync(disk, taken.base.record.size);
        // Nothing waits for it before the end.
        carried = withThreads<Task, Result, boolean>(
          join(__dirname, 'background.js'),
          (carrying) => carryTaken(carrying as DoTask, taken, disk),
          1,
        );
        carried.catch(() => undefined);
      },
      onBoot(boot, place) {
        if (statSync(disk).size < place.start + place.size) truncateSync(disk, place.start + place.size);
        esp = writeBoot(options, boot, { disk, ...place }, work);
        esp.catch(() => undefined);
      },
      onBuilt() {
        step('root file system');
      },
    });
    await clearStrayed(disk, plan, carried);
    truncateSync(disk, plan.layout.size);
    const writing = { options, plan, run, work, disk };
    await writeFiles(writing);
    step('seal');
    const sealed = await sealDisk(writing, esp);
    step('disk');
    const [digest, manifestDigest, , isSound] = await allEnded([
      countDisk(writing),
      writeImageManifest({ ...plan, merged: plan.root.merged, epoch: lock.epoch, out: manifest }),
      requireWhole(tools, {
        disk,
        start: placeOf(plan.layout.places, 'root').start,
        names: plan.root.names,
        merged: plan.root.merged.entries,
      }),
      carried,
    ]);
    if (!isSound) return undefined;
    return {
      record: recordOf(options, plan, sealed, digest, manifestDigest),
      contents: contentsText(placed(plan)),
    };
  } catch (error) {
    await Promise.allSettled([esp]);
    if (!(await carried)) return undefined;
    throw error;
  }
}

const recordOf = (
  { lock, lockDigest, kiln }: AssembleOptions,
  { layers, contentId, layout }: DiskPlan,
  { partitions, rootHash }: Sealed,
  digest: string,
  manifest: string,
): ImageRecord =>
  ImageRecord.parse({
    version: 1,
    image: lock.image,
    digest: `sha256:${digest}`,
    size: layout.size,
    contentId,
    lock: lockDigest,
    layers: layers.map((layer) => ({
      name: layer.name,
      key: layer.key,
      digest: layer.digest,
      size: layer.size,
    })),
    manifest,
    partitions,
    rootHash,
    versions: Object.fromEntries(Object.entries(lock.choices).map(([name, choice]) => [name, choice.value])),
    parents: [],
    bakedBy: { kiln },
  });

/** Clears what was carried and stands elsewhere now, or no more. */
async function clearStrayed(
  disk: string,
  { taken, segments }: DiskPlan,
  carried: Promise<boolean>,
): Promise<void> {
  const places = taken === undefined ? [] : strayed(taken, segments);
  if (places.length === 0) return;
  await carried;
  const file = openSync(disk, 'r+');
  try {
    for (const { at, size } of places) clearWhole(file, size, at);
  } finally {
    closeSync(file);
  }
}

interface Sealed extends Layout {
  /** 64 hex digits. */
  readonly rootHash: string;
}

/** Counts what threads tell, for whoever shows it. */
function counting(options: AssembleOptions, total: number): (bytes: number) => void {
  let sum = 0;
  return (bytes) => {
    sum += bytes;
    options.onBytes?.(sum, total);
  };
}

// File systems that every bake makes alike have UUIDs of the image's name: another one in each bake would move all
// their checksums. Partitions are found by UUIDs of the content.
const template = ({ image }: Lock): string => nameDigest(image);

/** Writes the ESP, but for the boot entry. */
async function writeBoot(
  { tools, lock }: AssembleOptions,
  boot: BootFiles,
  place: Place & { disk: string },
  work: string,
): Promise<void> {
  copyBoot(boot, work);
  await writeEsp(tools, work, place, {
    boot: join(work, BOOT),
    volumeId: derivedVolumeId(template(lock), 'esp file system'),
    epoch: lock.epoch,
  });
}

/** Writes the files that are not taken from the base, and the state's file system. */
async function writeFiles({ options, plan, run, work, disk }: Writing): Promise<void> {
  const { tools, lock } = options;
  const { layers, added, root, taken, layout } = plan;
  const isTaken = (index: number): boolean => taken?.layers.has(index) === true;
  const read = layers.filter((_, index) => !isTaken(index));
  await allEnded([
    copyLayers(run, {
      ...{ layers, added, root, disk, start: placeOf(layout.places, 'root').start },
      taken: new Map(
        [...layers.entries()].flatMap(([index, { headersDigest }]) =>
          isTaken(index) ? [[index, headersDigest]] : [],
        ),
      ),
      onBytes: counting(
        options,
        read.reduce((sum, { size }) => sum + size, 0),
      ),
    }),
    writeState(
      ...([tools, work, disk, placeOf(layout.places, 'state').start] as const),
      derivedUuid(template(lock), 'state file system'),
      derivedUuid(template(lock), 'state hash seed'),
      lock.epoch,
    ),
  ]);
}

/** Writes the hash tree, and what is known with the root hash: boot entry and partition table. */
/** @param written the ESP. */
async function sealDisk(
  { options, plan, run, work, disk }: Writing,
  written: Promise<void>,
): Promise<Sealed> {
  const { tools, lock } = options;
  const { contentId, root, taken, layout, segments } = plan;
  const esp = { disk, ...placeOf(layout.places, 'esp') };
  const [rootHash] = await allEnded([
    writeSeal(
      {
        disk,
        root: { start: placeOf(layout.places, 'root').start, size: root.size },
        tree: placeOf(layout.places, 'root-verity'),
        uuid: derivedUuid(contentId, 'seal'),
        salt: sealSalt(lock.image),
        data: rootBlocks(segments, taken),
        base: taken?.base.disk,
      },
      run,
    ),
    written,
  ]);
  const uuids = {
    ...sealedPartitions(rootHash),
    esp: derivedUuid(contentId, 'partition esp'),
    state: derivedUuid(contentId, 'partition state'),
  };
  const layoutNow = identified(layout.places, contentId, uuids);
  await writeBootEntry(tools, work, esp, {
    image: lock.image,
    rootHash,
    state: uuids.state,
    epoch: lock.epoch,
  });
  await tools.run('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', disk], {
    input: partitionTable(layoutNow),
  });
  return { ...layoutNow, rootHash };
}

/** Takes what of the base is to stand elsewhere, and counts the whole disk: 64 hex digits. */
async function countDisk({ options, plan, run, disk }: Writing): Promise<string> {
  const { layout, segments, taken } = plan;
  const [tree, state] = [placeOf(layout.places, 'root-verity'), placeOf(layout.places, 'state')];
  const end = state.start + state.size;
  const written = [
    { start: 0, size: placeOf(layout.places, 'root').start },
    ...segments,
    { start: tree.start, size: tree.size },
    { start: state.start, size: state.size, isHoles: true },
    { start: end, size: layout.size - end },
  ];
  return await run(
    fillOf(written, { disk, size: layout.size, base: taken?.base.disk }),
    counting(options, layout.size),
  );
}

/** Where each content stands on the disk. */
function placed({ root, digests, layout }: DiskPlan): OnDisk[] {
  const { start } = placeOf(layout.places, 'root');
  return [...root.places].map(([content, to]) => ({
    sha256: digests.get(content) ?? '',
    size: content.size,
    at: start + to,
  }));
}
