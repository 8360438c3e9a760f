import { closeSync, existsSync, openSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { allEnded } from '../all-ended';
import type { Lock } from '../contracts/lock';
import { ImageRecord } from '../contracts/record';
import type { GrowingLayers } from '../layers/growing';
import { withThreads } from '../processes/threads';
import { type PreviousImage, contentsText, type OnDisk } from './previous-image';
import { writeImageManifest } from './image-manifest';
import type { BakedFiles } from './keep';
import { spanOf } from './layout';
import { type DiskPlan, planDisk } from './plan-disk';
import { copyReused, type Reused } from './reused';
import type { DoTask, Result, Task } from './tasks';
import type { DiskTools } from './tools-tree';
import { requireWhole } from './whole-root';
import { clearStale, hashDisk, type Sealed, sealDisk, writeBoot, writeFiles } from './write-disk';

export interface ImageOptions {
  readonly tools: DiskTools;
  readonly lock: Lock;
  readonly lockDigest: string;
  /** All that the image is made of. */
  readonly layers: GrowingLayers;
  /** kiln's version, for the record. */
  readonly kiln: string;
  readonly onStep?: (step: string) => void;
  /** Called with how many bytes the step has read or counted by now, of how many. */
  readonly onBytes?: (bytes: number, total: number) => void;
}

export interface Written extends Pick<BakedFiles, 'contents'> {
  readonly record: ImageRecord;
}

/** @returns undefined when the previous image is gone or not what it was: whatever was made of it is worth nothing. */
export async function writeImage(
  options: ImageOptions,
  run: DoTask,
  work: string,
  { disk, manifest }: Pick<BakedFiles, 'disk' | 'manifest'>,
  previous: PreviousImage | undefined,
): Promise<Written | undefined> {
  const step = options.onStep ?? ((): void => undefined);
  const { tools, lock, layers } = options;
  closeSync(openSync(disk, 'wx'));
  let [copied, esp] = [Promise.resolve(true), Promise.resolve()];
  const planning = planDisk({
    ...{ tools, lock, layers, previous, work },
    onBuilt() {
      step('root file system');
    },
  });
  try {
    // The boot partition is written, and the previous image copied, while the other layers are built and read.
    const boot = await planning.boot;
    truncateSync(disk, boot.reused?.previous.record.size ?? boot.esp.start + boot.esp.size);
    if (boot.reused !== undefined) copied = copyInBackground(boot.reused, disk);
    esp = writeBoot(options, boot.files, { disk, ...boot.esp }, work);
    for (const going of [copied, esp]) going.catch(() => undefined);
    const plan = await planning.disk;
    await clearStale(disk, plan, copied);
    truncateSync(disk, plan.layout.size);
    const writing = { tools, lock, plan, run, work, disk, onBytes: options.onBytes };
    await writeFiles(writing);
    step('seal');
    const sealed = await sealDisk(writing, esp);
    step('disk');
    const [digest, manifestDigest, , isSound] = await allEnded([
      hashDisk(writing),
      writeImageManifest({ ...plan, merged: plan.root.merged, epoch: lock.epoch, out: manifest }),
      requireWhole(tools, {
        disk,
        start: spanOf(plan.layout.spans, 'root').start,
        names: plan.root.names,
        merged: plan.root.merged.entries,
      }),
      copied,
    ]);
    if (!isSound) return undefined;
    return {
      record: recordOf(options, plan, sealed, digest, manifestDigest),
      contents: contentsText(placed(plan)),
    };
  } catch (error) {
    // Both write into the work folder, which is removed next.
    await Promise.allSettled([esp, planning.disk]);
    // Somebody may have removed it in between.
    const isThere = previous === undefined || existsSync(previous.disk);
    if (!(await copied) || !isThere) return undefined;
    throw error;
  }
}

/** Nothing waits for it before the end. */
const copyInBackground = async (reused: Reused, disk: string): Promise<boolean> =>
  await withThreads<Task, Result, boolean>(
    join(__dirname, 'background.js'),
    (run) => copyReused(run as DoTask, reused, disk),
    1,
  );

const recordOf = (
  { lock, lockDigest, kiln }: ImageOptions,
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

/** Where each content stands on the disk. */
function placed({ root, digests, layout }: DiskPlan): OnDisk[] {
  const { start } = spanOf(layout.spans, 'root');
  return [...root.offsets].map(([content, to]) => ({
    sha256: digests.get(content) ?? '',
    size: content.size,
    at: start + to,
  }));
}
