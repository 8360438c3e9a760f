import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { PublishedAmi } from '../../../contracts/publications/aws';
import { defined } from '../../../defined';
import { KilnError } from '../../../errors';
import { AwsError } from '../api/aws-error';
import type { SnapshotInfo } from '../api/ec2-images';
import { type Effects, patience } from '../effects';
import type { Planned } from '../plan/plan-publish';
import { persist } from '../persist';
import type { RegionPlan } from '../plan/plan';
import { readBack } from './read-back';
import { settleImage } from './settle-image';
import { imageTags, TAG } from '../tags';
import { deleteSnapshot, uploadSnapshot } from './upload';

/** An AMI that can be launched, its snapshot, and how it came to be. */
export interface Arrived {
  readonly region: string;
  readonly ami: string;
  readonly snapshot: SnapshotInfo;
  readonly origin: PublishedAmi['origin'];
}

/** Brings the disk into the plan's first region, or finds it there. */
export async function intoFirst(
  effects: Effects,
  planned: Planned,
  plan: RegionPlan,
  parallel: number,
): Promise<Arrived> {
  const { region, way } = plan;
  switch (way.kind) {
    case 'there':
      return await found(effects, planned, region, way.ami, parallel);
    case 'adopt':
      return await adopt(effects, planned, region, way.snapshot, parallel);
    case 'upload':
      return await upload(effects, planned, plan, parallel);
    case 'copy':
      throw new Error('a plan begins with the region that gets the disk');
  }
}

/** Copies the AMI into another region, or finds it there. */
export async function intoOther(
  effects: Effects,
  planned: Planned,
  { region, way, kmsKey }: RegionPlan,
  from: Arrived,
  parallel: number,
): Promise<Arrived> {
  if (way.kind === 'there') return await found(effects, planned, region, way.ami, parallel);
  const { name, record } = planned.plan;
  effects.report({ event: 'started', step: 'copy', region, detail: `${from.ami} of ${from.region}` });
  const ami = await persist(
    `copying ${from.ami} of ${from.region}`,
    () =>
      effects.images(region).copy({
        from: { region: from.region, ami: from.ami },
        name,
        description: describe(record.digest),
        token: tokenOf('copy', from.ami, region, kmsKey ?? ''),
        ...defined({ kmsKey }),
        tags: imageTags(record, undefined),
      }),
    patience(effects, region, 'copy'),
  );
  const arrived = await settled(effects, region, ami, { kind: 'copy', region: from.region, ami: from.ami });
  if (planned.plan.verify) await check(effects, planned, arrived, [], true, parallel);
  effects.report({ event: 'done', step: 'copy', region, detail: ami });
  return arrived;
}

/** Client tokens are remembered for a day: the same request in that time is the same copy. */
const tokenOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(parts.join(' ')).digest('hex').slice(0, 64);

const describe = (digest: string): string => `${digest}, made by kiln`;

async function found(
  effects: Effects,
  planned: Planned,
  region: string,
  ami: string,
  parallel: number,
): Promise<Arrived> {
  const arrived = await settled(effects, region, ami, { kind: 'found' });
  if (planned.plan.verify) await check(effects, planned, arrived, [], true, parallel);
  return arrived;
}

async function adopt(
  effects: Effects,
  planned: Planned,
  region: string,
  snapshot: string,
  parallel: number,
): Promise<Arrived> {
  const info = await snapshotInfo(effects, region, snapshot);
  // Nobody here saw it being made, so all of it is compared.
  const readBack = await unlessDamaged(
    () => check(effects, planned, { region, snapshot: info }, [], true, parallel),
    () => deleteSnapshot(effects, region, snapshot),
  );
  const ami = await register(effects, planned, region, info);
  rmSync(planned.journal, { force: true });
  return await settled(effects, region, ami, {
    kind: 'upload',
    parent: null,
    blocks: { sent: 0, used: planned.blocks?.used ?? 0 },
    readBack,
  });
}

async function upload(
  effects: Effects,
  planned: Planned,
  { region, way, kmsKey }: RegionPlan,
  parallel: number,
): Promise<Arrived> {
  const { plan, blocks } = planned;
  if (way.kind !== 'upload' || blocks === undefined) throw new Error('an upload has a disk');
  const { volumeSize, encrypted, parent, send, used } = way.upload;
  const uploaded = await uploadSnapshot(effects, {
    record: plan.record,
    region,
    disk: planned.disk,
    blocks,
    send,
    volumeSize,
    parent,
    kmsKey,
    encrypted,
    journal: planned.journal,
    resume: planned.resume,
    publisher: planned.publisher,
    parallel,
  });
  const readBack = await unlessDamaged(
    () => check(effects, planned, { region, snapshot: uploaded.info }, send, plan.verify, parallel),
    uploaded.undo,
  );
  const ami = await register(effects, planned, region, uploaded.info);
  uploaded.forget();
  const arrived = await settled(effects, region, ami, {
    kind: 'upload',
    parent: parent === undefined ? null : { digest: parent.digest, snapshot: parent.snapshot },
    blocks: { sent: send.length, used },
    readBack,
  });
  // Another host registered the same image meanwhile: one snapshot of it is enough.
  const { snapshot } = uploaded.info;
  if (arrived.snapshot.snapshot !== snapshot) await deleteSnapshot(effects, region, snapshot);
  return arrived;
}

/** A snapshot that is not the image goes at once; after any other failure it stays for the next run. */
async function unlessDamaged(look: () => Promise<number>, undo: () => Promise<void>): Promise<number> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof KilnError && error.code === 'read-back-differs') await undo();
    throw error;
  }
}

async function check(
  effects: Effects,
  { blocks }: Planned,
  { region, snapshot }: Pick<Arrived, 'region' | 'snapshot'>,
  sent: readonly number[],
  all: boolean,
  parallel: number,
): Promise<number> {
  if (blocks === undefined) throw new Error('what is compared was read');
  return await readBack(effects, {
    region,
    snapshot: snapshot.snapshot,
    blocks,
    sent,
    encrypted: snapshot.kmsKey !== undefined,
    volumeSize: snapshot.volumeSize,
    all,
    parallel,
  });
}

/** @returns the AMI: a new one, or that which an earlier, lost answer or another host registered under this name. */
async function register(
  effects: Effects,
  { plan: { name, record } }: Planned,
  region: string,
  { snapshot, volumeSize, tags }: SnapshotInfo,
): Promise<string> {
  effects.report({ event: 'started', step: 'register', region, detail: name });
  const images = effects.images(region);
  try {
    const ami = await persist(
      `registering ${name}`,
      () =>
        images.register({
          name,
          description: describe(record.digest),
          snapshot,
          volumeSize,
          tags: imageTags(record, tags[TAG.parent]),
        }),
      patience(effects, region, 'register', { also: ({ fault }) => fault === 'missing' }),
    );
    effects.report({ event: 'done', step: 'register', region, detail: ami });
    return ami;
  } catch (error) {
    if (!(error instanceof KilnError) || error.code !== 'aws-name-taken') throw error;
    const [holder] = await persist(
      `looking for ${name}`,
      async () => {
        const found = await images.images({ name });
        // It has the name, whether or not it is listed yet.
        if (found.length === 0) throw notListed();
        return found;
      },
      patience(effects, region, 'register', { also: ({ fault }) => fault === 'missing' }),
    );
    if (holder?.tags[TAG.digest] !== record.digest) throw error;
    return holder.ami;
  }
}

async function settled(
  effects: Effects,
  region: string,
  ami: string,
  origin: Arrived['origin'],
): Promise<Arrived> {
  const image = await settleImage(effects, region, ami, origin.kind === 'upload' ? 'register' : 'copy');
  return { region, ami, snapshot: await snapshotInfo(effects, region, image.snapshot), origin };
}

async function snapshotInfo(effects: Effects, region: string, snapshot: string): Promise<SnapshotInfo> {
  const calls = patience(effects, region, 'look', { also: ({ fault }) => fault === 'missing' });
  return await persist(
    `looking at ${snapshot}`,
    async () => {
      const [info] = await effects.images(region).snapshots({ ids: [snapshot] });
      if (info === undefined) throw notListed();
      return info;
    },
    calls,
  );
}

/** It exists, but not every server of AWS knows of it yet. */
const notListed = (): AwsError => new AwsError('ResourceNotFoundException', 'it is not listed', 404);
