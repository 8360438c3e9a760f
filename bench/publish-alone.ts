import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageRecord } from '../factory/contracts/record';
import { BlocksForgotten, BlocksInFile, type FakeBlocks } from '../factory/publish/aws/api/aws-blocks-fake';
import { FakeAws } from '../factory/publish/aws/api/aws-fake';
import { FakeEbs } from '../factory/publish/aws/api/ebs-fake';
import { FakeEc2Images } from '../factory/publish/aws/api/ec2-images-fake';
import { hostPause } from '../factory/ports/machine/pause';
import { type DiskBlocks, surveyDisk } from '../factory/publish/aws/plan/disk-blocks';
import type { Effects } from '../factory/publish/aws/effects';
import { blocksToSend, volumeSize } from '../factory/publish/aws/plan/plan-blocks';
import { readBack } from '../factory/publish/aws/apply/read-back';
import { uploadSnapshot } from '../factory/publish/aws/apply/upload';

const REGION = 'eu-central-1';
const PARALLEL = 64;

/** An account of the strict fake, in this process. */
export function fakeAws(blocks: FakeBlocks): Effects {
  const aws = new FakeAws({ clock: hostPause, blocks });
  const [ebs, images] = [new FakeEbs(aws, REGION), new FakeEc2Images(aws, REGION)];
  return { ebs: () => ebs, images: () => images, pause: hostPause, report: () => undefined };
}

/** The whole disk to a snapshot. @returns its name. */
export async function sendWhole(
  effects: Effects,
  disk: string,
  blocks: DiskBlocks,
  bytes: number,
): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'kiln-send-'));
  try {
    const size = volumeSize(bytes);
    const { info } = await uploadSnapshot(effects, {
      record: nameless(bytes),
      region: REGION,
      disk,
      blocks,
      send: blocksToSend({ blocks, volumeSize: size, encrypted: false }),
      volumeSize: size,
      parent: undefined,
      kmsKey: undefined,
      encrypted: false,
      journal: join(work, 'journal'),
      resume: undefined,
      publisher: 'bench',
      parallel: PARALLEL,
    });
    return info.snapshot;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A record of which only what stands in tags counts. */
const nameless = (size: number): ImageRecord =>
  ImageRecord.parse({
    version: 1,
    image: 'bench',
    digest: `sha256:${'0'.repeat(64)}`,
    size,
    contentId: `sha256:${'0'.repeat(64)}`,
    lock: `sha256:${'0'.repeat(64)}`,
    layers: [],
    manifest: `sha256:${'0'.repeat(64)}`,
    partitions: [],
    rootHash: '0'.repeat(64),
    versions: {},
    parents: [],
    bakedBy: { kiln: 'bench' },
  });

/** node publish-alone.js DISK STORE: reads, sends and reads back, in a process of its own to be measured. */
async function main([disk = '', store = '']: readonly string[]): Promise<void> {
  const kept = store === '' ? new BlocksForgotten() : new BlocksInFile(store);
  const effects = fakeAws(kept);
  const { blocks, size } = await surveyDisk(disk);
  const snapshot = await sendWhole(effects, disk, blocks, size);
  await readBack(effects, {
    region: REGION,
    snapshot,
    blocks,
    sent: [],
    encrypted: false,
    volumeSize: volumeSize(size),
    all: true,
    parallel: PARALLEL,
  });
}

if (require.main === module) void main(process.argv.slice(2));
