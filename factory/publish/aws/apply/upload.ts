import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { ImageRecord } from '../../../contracts/record';
import { KilnError } from '../../../errors';
import type { AwsError } from '../api/aws-error';
import { EBS_BLOCK } from '../api/ebs';
import type { SnapshotInfo } from '../api/ec2-images';
import { Meter } from '../../../progress';
import { isPassing } from '../errors';
import { readBlock, type DiskBlocks } from '../plan/disk-blocks';
import { type Effects, patience } from '../effects';
import { Journal, type Journalled } from '../journal';
import { persist, until } from '../persist';
import { base64, linearChecksum } from '../plan/plan-blocks';
import { inParallel } from './pool';
import { amiName, uploadTags } from '../tags';

export interface UploadJob {
  readonly record: ImageRecord;
  readonly region: string;
  /** Path of the raw disk. */
  readonly disk: string;
  readonly blocks: DiskBlocks;
  /** Indices, ascending. */
  readonly send: readonly number[];
  /** GiB. */
  readonly volumeSize: number;
  readonly parent: { readonly digest: string; readonly snapshot: string } | undefined;
  /** ARN; undefined: as the account's default or the parent has it. */
  readonly kmsKey: string | undefined;
  /** Whether the plan was made for an encrypted snapshot. */
  readonly encrypted: boolean;
  readonly journal: string;
  /** What an earlier run left; its snapshot is pending. */
  readonly resume: Journalled | undefined;
  readonly publisher: string;
  /** Number of concurrent uploads. */
  readonly parallel: number;
}

export interface Uploaded {
  readonly info: SnapshotInfo;
  /** Forgets what is known of the upload, once an AMI has the snapshot. */
  readonly forget: () => void;
  /** Deletes the snapshot, which must not become an AMI. */
  readonly undo: () => Promise<void>;
}

/** Minutes without a block after which AWS cancels the snapshot: how long a run can be resumed. */
const TIMEOUT = 60;
/** Milliseconds for which AWS may not know yet a snapshot that it just made. */
const YOUNG = 120_000;
/** Milliseconds for a sealed snapshot to be completed. */
const COMPLETION = 30 * 60_000;

/**
 * Sends the blocks and seals the snapshot. After a failure that passes (no network, throttled, expired credentials)
 * snapshot and journal stay for the next run; after any other, and when AWS refuses the snapshot, both go.
 */
export async function uploadSnapshot(effects: Effects, job: UploadJob): Promise<Uploaded> {
  const { region, resume } = job;
  const ebs = effects.ebs(region);
  const journal =
    resume === undefined
      ? begin(effects, job)
      : { file: Journal.resume(job.journal), token: resume.intent.token };
  let snapshot = resume?.snapshot;
  const undo = async (): Promise<void> => {
    if (snapshot !== undefined) await deleteSnapshot(effects, region, snapshot);
    journal.file.remove();
  };
  try {
    let startedAt = -Infinity;
    if (snapshot === undefined) {
      const { record, volumeSize, parent, publisher } = job;
      const started = await persist(
        'starting the snapshot',
        () =>
          ebs.start({
            volumeSize,
            ...(parent === undefined ? {} : { parent: parent.snapshot }),
            ...(job.kmsKey === undefined || parent !== undefined ? {} : { kmsKey: job.kmsKey }),
            token: journal.token,
            description: `${amiName(record)}, made by kiln`,
            tags: uploadTags(record, { parent: parent?.digest, token: journal.token, publisher }),
            timeout: TIMEOUT,
          }),
        patience(effects, region, 'upload'),
      );
      snapshot = started.snapshot;
      startedAt = effects.pause.now();
      journal.file.started(snapshot);
      if (started.blockSize !== EBS_BLOCK) throw oddBlocks(region, started.blockSize);
      const encrypted = started.kmsKey !== undefined;
      if (encrypted !== job.encrypted) throw stalePlan(region, encrypted);
    }
    await sendBlocks(effects, job, snapshot, journal.file, startedAt);
    const info = await seal(effects, job, snapshot);
    return {
      info,
      forget: () => {
        journal.file.remove();
      },
      undo,
    };
  } catch (error) {
    if (isPassing(error)) journal.file.close();
    // What cannot be deleted now stays known by journal and tags: the next plan names it.
    else
      await undo().catch(() => {
        journal.file.close();
      });
    throw error;
  }
}

function begin({ pause }: Effects, { journal, record, region, volumeSize, parent, kmsKey }: UploadJob) {
  const token = randomUUID();
  return {
    token,
    file: Journal.begin(journal, {
      version: 1,
      token,
      digest: record.digest,
      region,
      volumeSize,
      parent: parent === undefined ? null : { digest: parent.digest, snapshot: parent.snapshot },
      kmsKey: kmsKey ?? null,
      at: new Date(pause.now()).toISOString(),
    }),
  };
}

async function sendBlocks(
  effects: Effects,
  { region, disk, blocks, send, resume, parallel }: UploadJob,
  snapshot: string,
  journal: Journal,
  startedAt: number,
): Promise<void> {
  const { pause, report } = effects;
  const left = send.filter((index) => resume?.sent.has(index) !== true);
  const meter = new Meter(pause, left.length, left.length * EBS_BLOCK, (progress) => {
    report({ event: 'progress', step: 'upload', region, ...progress });
  });
  const calls = patience(effects, region, 'upload', {
    also: (error: AwsError) => error.fault === 'missing' && pause.now() - startedAt < YOUNG,
  });
  const ebs = effects.ebs(region);
  const file = await open(disk, 'r');
  try {
    const buffers: Buffer[] = [];
    await inParallel(left, parallel, async (index, worker) => {
      const data = (buffers[worker] ??= Buffer.allocUnsafeSlow(EBS_BLOCK));
      await readBlock(file, index, data);
      // The digest is the plan's: should the disk have changed since, AWS refuses the block.
      const block = { index, data, checksum: base64(blocks.digest(index)) };
      await persist(`sending block ${index} of ${snapshot}`, () => ebs.put(snapshot, block), calls);
      journal.sent(index);
      meter.add(EBS_BLOCK);
      meter.complete();
    });
  } finally {
    await file.close();
  }
}

/** Seals the snapshot, and waits until AWS has checked and completed it. */
async function seal(
  effects: Effects,
  { region, blocks, send }: UploadJob,
  snapshot: string,
): Promise<SnapshotInfo> {
  const { pause, report } = effects;
  report({ event: 'started', step: 'complete', region, detail: snapshot });
  const written = { count: send.length, checksum: linearChecksum(blocks, send) };
  let refusal: unknown;
  const start = pause.now();
  await persist(
    `completing ${snapshot}`,
    () => effects.ebs(region).complete(snapshot, written),
    patience(effects, region, 'complete', {
      also: (error: AwsError) => error.fault === 'missing' && pause.now() - start < YOUNG,
    }),
  ).catch((error: unknown) => {
    // Sealed before, when the answer was lost: what became of it tells.
    if (!(error instanceof KilnError) || (error.code !== 'aws-refused' && error.code !== 'aws-conflict'))
      throw error;
    refusal = error;
  });
  const images = effects.images(region);
  const done = await until(
    async () => {
      const [info] = await persist(
        `looking at ${snapshot}`,
        () => images.snapshots({ ids: [snapshot] }),
        patience(effects, region, 'complete'),
      );
      if (info?.state === 'completed') return info;
      if (info?.state === 'error') throw snapshotFailed(region, snapshot, info.message);
      if (refusal !== undefined && pause.now() - start > YOUNG) throw refusal as Error;
      return undefined;
    },
    {
      pause,
      within: COMPLETION,
      late: () => slow(`${snapshot} in ${region} was not completed within 30 minutes`),
    },
  );
  report({ event: 'done', step: 'complete', region });
  return done;
}

/** What is gone already is no error. */
export async function deleteSnapshot(effects: Effects, region: string, snapshot: string): Promise<void> {
  await persist(
    `deleting ${snapshot}`,
    () => effects.images(region).deleteSnapshot(snapshot),
    patience(effects, region, 'delete'),
  ).catch((error: unknown) => {
    if (!(error instanceof KilnError && error.code === 'aws-missing')) throw error;
  });
}

export const slow = (what: string): KilnError =>
  new KilnError({
    code: 'aws-slow',
    what,
    hint: 'run the same command again: it goes on from there',
  });

const snapshotFailed = (region: string, snapshot: string, message: string | undefined): KilnError =>
  new KilnError({
    code: 'snapshot-failed',
    what: `AWS could not complete ${snapshot} in ${region}: ${message ?? 'it does not say why'}; it was deleted`,
    hint: 'run the same command again: it starts a new one',
  });

const oddBlocks = (region: string, size: number): KilnError =>
  new KilnError({
    code: 'aws-refused',
    what: `EBS direct in ${region} wants blocks of ${size} bytes; AWS has them of 524288`,
    hint: 'is AWS_ENDPOINT_URL that of an emulator? kiln publishes to AWS itself',
  });

const stalePlan = (region: string, encrypted: boolean): KilnError =>
  new KilnError({
    code: 'plan-stale',
    what: `${region} made the snapshot ${encrypted ? 'encrypted' : 'unencrypted'}, which is not what was planned; it was deleted`,
    hint: 'the account’s encryption by default was changed meanwhile: run the same command again',
  });
