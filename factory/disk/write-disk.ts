import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { allEnded } from '../all-ended';
import type { Lock } from '../contracts/lock';
import { BOOT, type BootFiles, copyBoot } from './boot';
import { copyLayers } from './copy-layers';
import { type EspPlace, writeBootEntry, writeEsp } from './esp';
import { derivedUuid, derivedVolumeId, nameDigest, sealSalt } from './identity';
import { identified, type Layout, partitionTable, spanOf } from './layout';
import type { DiskPlan } from './plan-disk';
import { sealedPartitions, writeSeal } from './seal';
import { fillOf } from './segments';
import { writeState } from './state';
import { rootBlocks, staleContents } from './reused';
import type { DoTask } from './tasks';
import type { DiskTools } from './tools-tree';
import { clearWhole } from './whole';

/** What every step works with. */
export interface Writing {
  readonly tools: DiskTools;
  readonly lock: Lock;
  readonly plan: DiskPlan;
  readonly run: DoTask;
  /** Folder for what is made in passing. */
  readonly work: string;
  readonly disk: string;
  /** Called with how many bytes the step has read or counted by now, of how many. */
  readonly onBytes?: ((bytes: number, total: number) => void) | undefined;
}

/** Counts what threads tell, for whoever shows it. */
function counting({ onBytes }: Writing, total: number): (bytes: number) => void {
  let sum = 0;
  return (bytes) => {
    sum += bytes;
    onBytes?.(sum, total);
  };
}

// File systems that every bake makes alike have UUIDs of the image's name: another one in each bake would move all
// their checksums. Partitions are found by UUIDs of the content.
const template = ({ image }: Lock): string => nameDigest(image);

/** Writes the ESP, but for the boot entry. */
export async function writeBoot(
  { tools, lock }: Pick<Writing, 'tools' | 'lock'>,
  boot: BootFiles,
  place: EspPlace,
  work: string,
): Promise<void> {
  copyBoot(boot, work);
  await writeEsp(tools, work, place, {
    boot: join(work, BOOT),
    volumeId: derivedVolumeId(template(lock), 'esp file system'),
    epoch: lock.epoch,
  });
}

/** Clears what was copied and is stale: it stands at another offset now, or nowhere. */
export async function clearStale(
  disk: string,
  { reused, segments }: DiskPlan,
  copied: Promise<boolean>,
): Promise<void> {
  const places = reused === undefined ? [] : staleContents(reused, segments);
  if (places.length === 0) return;
  await copied;
  const file = openSync(disk, 'r+');
  try {
    for (const { at, size } of places) clearWhole(file, size, at);
  } finally {
    closeSync(file);
  }
}

/** Writes the files that are not reused from the previous image, and the state's file system. */
export async function writeFiles(writing: Writing): Promise<void> {
  const { tools, lock, plan, run, work, disk } = writing;
  const { layers, root, reused, layout } = plan;
  const isReused = (index: number): boolean => reused?.layers.has(index) === true;
  const read = layers.filter((_, index) => !isReused(index));
  await allEnded([
    copyLayers(run, {
      ...{ layers, root, disk, start: spanOf(layout.spans, 'root').start },
      reused: new Map(
        [...layers.entries()].flatMap(([index, { headersDigest }]) =>
          isReused(index) ? [[index, headersDigest]] : [],
        ),
      ),
      onBytes: counting(
        writing,
        read.reduce((sum, { size }) => sum + size, 0),
      ),
    }),
    writeState(tools, work, {
      disk,
      start: spanOf(layout.spans, 'state').start,
      uuid: derivedUuid(template(lock), 'state file system'),
      hashSeed: derivedUuid(template(lock), 'state hash seed'),
      epoch: lock.epoch,
    }),
  ]);
}

export interface Sealed extends Layout {
  /** 64 hex digits. */
  readonly rootHash: string;
}

/**
 * Writes the hash tree, and what is known with the root hash: boot entry and partition table.
 * @param written the ESP.
 */
export async function sealDisk(
  { tools, lock, plan, run, work, disk }: Writing,
  written: Promise<void>,
): Promise<Sealed> {
  const { contentId, root, reused, layout, segments } = plan;
  const esp = { disk, ...spanOf(layout.spans, 'esp') };
  const [rootHash] = await allEnded([
    writeSeal(
      {
        disk,
        root: { start: spanOf(layout.spans, 'root').start, size: root.size },
        tree: spanOf(layout.spans, 'root-verity'),
        uuid: derivedUuid(contentId, 'seal'),
        salt: sealSalt(lock.image),
        data: rootBlocks(segments, reused),
        previous: reused?.previous.disk,
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
  const layoutNow = identified(layout.spans, contentId, uuids);
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

/** Copies what of the previous image moves to another offset, and hashes the whole disk: 64 hex digits. */
export async function hashDisk(writing: Writing): Promise<string> {
  const { plan, run, disk } = writing;
  const { layout, segments, reused } = plan;
  const [tree, state] = [spanOf(layout.spans, 'root-verity'), spanOf(layout.spans, 'state')];
  const end = state.start + state.size;
  const written = [
    { start: 0, size: spanOf(layout.spans, 'root').start },
    ...segments,
    { start: tree.start, size: tree.size },
    { start: state.start, size: state.size, isHoles: true },
    { start: end, size: layout.size - end },
  ];
  return await run(
    fillOf(written, { disk, size: layout.size, previous: reused?.previous.disk }),
    counting(writing, layout.size),
  );
}
