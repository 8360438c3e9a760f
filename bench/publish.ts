import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bake } from '../factory/bake/bake';
import { openSession } from '../factory/bake/session';
import { assemble } from '../factory/disk/assemble';
import { openDiskTools } from '../factory/disk/tools-tree';
import { LayerCache } from '../factory/layers/cache';
import { formatSize } from '../factory/units';
import { BlocksForgotten } from '../factory/publish/aws/api/aws-blocks-fake';
import { EBS_BLOCK } from '../factory/publish/aws/api/ebs';
import { surveyDisk } from '../factory/publish/aws/plan/disk-blocks';
import { blocksToSend, volumeSize } from '../factory/publish/aws/plan/plan-blocks';
import { findProject } from '../factory/project';
import { builtLayers } from './built-layers';
import { fakeAws, sendWhole } from './publish-alone';
import type { Result } from './result';
import { rewriteLayer } from './rewrite-layer';

/** Bytes of the smaller disk whose publication is measured; the larger has ten times as many. */
const DISK = 256 << 20;
/** Measurements of each kind, in turn; the best counts, since a machine's other work only ever slows. */
const ROUNDS = 3;
/** Bytes sent and read for the throughput. */
const SENT = 1 << 30;

const say = (text: string): void => void process.stderr.write(`publish: ${text}\n`);

/** Prints the peak of a program's memory in KiB. */
const MEASURE = [
  'import resource, subprocess, sys',
  'subprocess.run(sys.argv[1:], check=True)',
  'print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)',
].join('\n');

/** A disk without a zero block: one part, over and over, each time with another first line. */
function writeDisk(path: string, bytes: number): void {
  const part = randomBytes(16 << 20);
  writeFileSync(path, '');
  for (let at = 0; at < bytes; at += part.length) {
    part.writeUInt32LE(at / part.length);
    appendFileSync(path, part);
  }
}

function memoryOf(work: string, bytes: number): number {
  const disk = join(work, 'disk');
  writeDisk(disk, bytes);
  const { status, stdout, stderr } = spawnSync(
    join(findProject().home, '.venv', 'bin', 'python'),
    ['-c', MEASURE, process.execPath, join(__dirname, 'publish-alone.js'), disk, join(work, 'store')],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`the disk was not published\n${stderr}`);
  return Number(stdout.trim()) / 1000;
}

/** Memory must not grow with the disk: the whole way of its bytes, there and back. */
function memory(work: string): Result {
  say('memory');
  const [small, large] = [memoryOf(work, DISK), memoryOf(work, 10 * DISK)];
  return {
    name: 'memory of publishing a disk ten times as large',
    ratio: large / small,
    goal: 1.2,
    detail: `${formatSize(1e6 * large)} : ${formatSize(1e6 * small)}, disks of ${formatSize(10 * DISK)} : ${formatSize(DISK)}`,
  };
}

/** Reads the disk and hashes each block once, which is what the fake does with what it is sent. */
function readAndHash(disk: string): void {
  const file = openSync(disk, 'r');
  const buffer = Buffer.alloc(EBS_BLOCK);
  while (readSync(file, buffer, 0, EBS_BLOCK, null) > 0) createHash('sha256').update(buffer).digest();
  closeSync(file);
}

async function throughput(work: string): Promise<Result> {
  say('throughput');
  const disk = join(work, 'disk');
  writeDisk(disk, SENT);
  const { blocks, size } = await surveyDisk(disk);
  const seconds = { sent: Infinity, read: Infinity };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const kind of ['read', 'sent'] as const) {
      const began = process.hrtime.bigint();
      if (kind === 'read') readAndHash(disk);
      else await sendWhole(fakeAws(new BlocksForgotten()), disk, blocks, size);
      seconds[kind] = Math.min(seconds[kind], Number(process.hrtime.bigint() - began) / 1e9);
    }
  }
  const rate = (each: number): string => `${formatSize(SENT / each)}/s`;
  return {
    name: 'time to send a disk : to read and hash it',
    ratio: seconds.sent / seconds.read,
    // 80 % of the rate.
    goal: 1.25,
    detail: `${seconds.sent.toFixed(2)} s : ${seconds.read.toFixed(2)} s (${rate(seconds.sent)} : ${rate(seconds.read)})`,
  };
}

/** What a change of all code sends to AWS, of the blocks that are not zero. */
async function codeChange(work: string): Promise<Result> {
  const session = await openSession();
  const { project, exec, vault, locked, plan, kiln } = session;
  try {
    say('the image as it is');
    const base = await bake(session, {
      waitingFor: say,
      checking: () => undefined,
      fallback: () => undefined,
      fetching: () => undefined,
      fetched: () => undefined,
      event: () => undefined,
      begins: () => undefined,
    });
    const cache = new LayerCache(project.cache);
    const folder = join(work, 'code');
    mkdirSync(folder);
    const layers = await Promise.all(
      builtLayers(plan, cache).map(async (layer) => {
        if (layer.name !== 'code') return layer;
        return await rewriteLayer(layer, folder, (header, content) =>
          header.type === 'file' ? Buffer.concat([content, Buffer.from('# changed\n')]) : content,
        );
      }),
    );
    say('with all code changed');
    const changed = await assemble({
      project: { ...project, state: folder },
      tools: await openDiskTools({ exec, vault, project }, locked.lock),
      lock: locked.lock,
      lockDigest: locked.digest,
      layers: { built: layers },
      kiln,
    });
    const before = await surveyDisk(join(base.folder, 'image.raw'));
    const after = await surveyDisk(join(changed.folder, 'image.raw'));
    const send = blocksToSend({
      blocks: after.blocks,
      volumeSize: volumeSize(after.size),
      encrypted: false,
      parent: { blocks: before.blocks, volumeSize: volumeSize(before.size) },
    });
    return {
      name: 'blocks sent after a change of all code',
      ratio: send.length / after.blocks.used,
      goal: 0.005,
      detail: `${send.length} of ${after.blocks.used} blocks of 512 KiB`,
    };
  } finally {
    await vault.close();
  }
}

/** Publishing to AWS, against the strict fake. */
export async function publish(): Promise<readonly Result[]> {
  const work = mkdtempSync(join(tmpdir(), 'kiln-publish-'));
  try {
    return [await throughput(work), memory(work), await codeChange(work)];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
