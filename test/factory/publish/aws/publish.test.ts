import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../../factory/publish/aws/api/aws-error';
import type { FakeCall, Injected } from '../../../../factory/publish/aws/api/aws-fake';
import { hasWork } from '../../../../factory/publish/aws/plan/plan';
import { readPublications } from '../../../../factory/publish/publications';
import { standing } from '../../../../factory/publish/aws/standing';
import { aws } from '../../../../factory/publish/aws';
import { planWithdrawal } from '../../../../factory/publish/withdrawal';
import { KEY, REGION, World, diskOf } from './support';

const A = '111122223333';
const B = '444455556666';

/** Injects what `faults` says of an operation, in turn. */
function script(faults: Record<string, Injected[]>) {
  return ({ operation }: FakeCall): Injected => faults[operation]?.shift();
}

const wayOf = async (world: World, digest: string, change = {}) => {
  const { plan } = await world.plan(digest, change);
  const [first] = plan.regions;
  if (first === undefined) throw new Error('no region');
  return { ...first, work: hasWork(plan) };
};

describe('an image', () => {
  it('is in every region, shared, recorded beside the image; and then nothing is left to do', async () => {
    const world = new World({ settlesAfter: 5000, flaps: 2, visibleAfter: 800 });
    const digest = await world.store(diskOf('ab.c'));
    await world.promote(digest);
    const change = { regions: [REGION, 'eu-west-1', 'us-east-1'], share: [A, B] };
    const arrived = await world.publish(digest, change);
    expect(arrived.map(({ region }) => region)).toEqual(change.regions);
    for (const { ami, snapshot } of arrived) {
      expect(world.aws.images.get(ami)?.sharedWith).toEqual(new Set([A, B]));
      expect(world.aws.snapshots.get(snapshot.snapshot)?.sharedWith).toEqual(new Set([A, B]));
      expect(world.volumeDiffers(snapshot.snapshot, diskOf('ab.c'))).toEqual([]);
    }
    const stands = standing(await readPublications(world.home, digest));
    expect(stands.map(({ published, accounts }) => [published.region, published.ami, accounts])).toEqual(
      expect.arrayContaining(arrived.map(({ region, ami }) => [region, ami, [A, B]])),
    );
    expect(stands.find(({ published }) => published.region === REGION)?.published.origin).toMatchObject({
      kind: 'upload',
      parent: null,
      blocks: { sent: 3, used: 3 },
      readBack: 3,
    });
    expect(await wayOf(world, digest, change)).toMatchObject({
      way: { kind: 'there', recorded: true },
      work: false,
    });
    // One account more is all that is left to do for it.
    expect(await wayOf(world, digest, { share: [A, '777788889999'] })).toMatchObject({
      share: ['777788889999'],
    });
  });

  it('whose AMI is there without a record of it is recorded, and nothing is sent', async () => {
    const world = new World();
    const digest = await world.store(diskOf('ab'));
    const [first] = await world.publish(digest);
    rmSync(join(world.home.where, 'images', digest.slice(7), 'publications'), { recursive: true });
    const [again] = await world.publish(digest);
    expect(again?.ami).toBe(first?.ami);
    expect(standing(await readPublications(world.home, digest))[0]?.published.origin).toEqual({
      kind: 'found',
    });
    expect(world.aws.snapshots.size).toBe(1);
  });

  it('is refused where something else has its name', async () => {
    const world = new World();
    const digest = await world.store(diskOf('ab'));
    const [first] = await world.publish(digest);
    const tags = world.aws.images.get(first?.ami ?? '')?.tags ?? {};
    tags['kiln:digest'] = 'sha256:other';
    await expect(world.plan(digest)).rejects.toMatchObject({ code: 'ami-name-taken' });
  });

  it('whose disk is not what its name says is not sent', async () => {
    const world = new World();
    const digest = await world.store(diskOf('ab'));
    const { writeFileSync } = await import('node:fs');
    rmSync(join(world.bakes, digest.slice(7), 'image.raw'));
    writeFileSync(join(world.bakes, digest.slice(7), 'image.raw'), diskOf('ax'));
    await expect(world.plan(digest)).rejects.toMatchObject({ code: 'digest-differs' });
  });

  it('that another host registers meanwhile is that AMI, and the second snapshot goes', async () => {
    const world = new World();
    const digest = await world.store(diskOf('ab'));
    const planned = await world.plan(digest);
    const [other] = await world.publish(digest);
    const [mine] = await world.apply(planned);
    expect(mine?.ami).toBe(other?.ami);
    expect(world.orphans).toEqual([]);
  });

  it('whose registration was answered by nobody is not registered twice', async () => {
    const world = new World({ inject: script({ RegisterImage: ['lost'] }), visibleAfter: 500 });
    await world.publish(await world.store(diskOf('ab')));
    expect(world.aws.images.size).toBe(1);
  });

  it('of which a copy fails is in the other regions, and the failure is told', async () => {
    const inject = ({ operation, region }: FakeCall): Injected =>
      operation === 'CopyImage' && region === 'us-east-1'
        ? new AwsError('UnauthorizedOperation', 'no', 403)
        : undefined;
    const world = new World({ inject });
    const digest = await world.store(diskOf('ab'));
    await expect(
      world.publish(digest, { regions: [REGION, 'us-east-1', 'eu-west-1'] }),
    ).rejects.toMatchObject({
      code: 'aws-denied',
    });
    expect([...world.aws.images.values()].map(({ region }) => region).sort()).toEqual([REGION, 'eu-west-1']);
    expect(standing(await readPublications(world.home, digest))).toHaveLength(2);
  });
});

describe('a run that did not end', () => {
  it('resumes where credentials expired, and sends nothing twice', async () => {
    let sent = 0;
    let broken = true;
    const inject = ({ operation }: FakeCall): Injected => {
      if (operation !== 'PutSnapshotBlock') return undefined;
      sent += 1;
      return broken && sent > 4 ? new AwsError('ExpiredTokenException', 'expired', 403) : undefined;
    };
    const world = new World({ inject });
    const digest = await world.store(diskOf('abcdefgh'));
    await expect(world.publish(digest, { parallel: 2 })).rejects.toMatchObject({ code: 'aws-expired' });
    broken = false;
    const way = await wayOf(world, digest);
    expect(way).toMatchObject({
      way: { kind: 'upload', upload: { sentBefore: 4 } },
      leftovers: [{ action: 'resume', state: 'pending' }],
    });
    await world.publish(digest);
    const [snapshot] = world.aws.snapshots.values();
    expect([...(snapshot?.puts.values() ?? [])]).toEqual(Array.from({ length: 8 }, () => 1));
    expect(world.aws.snapshots.size).toBe(1);
  });

  it('whose snapshot AWS cancelled after an idle hour begins anew, and the plan names the old one', async () => {
    const inject = script({ PutSnapshotBlock: [undefined, undefined, 'kill-after'] });
    const world = new World({ inject });
    const digest = await world.store(diskOf('abcdefgh'));
    expect(await world.publishUnlessKilled(digest, { parallel: 1 })).toBeUndefined();
    world.pause.advance(61 * 60_000);
    expect((await wayOf(world, digest)).leftovers).toMatchObject([{ action: 'delete', state: 'error' }]);
    await world.publish(digest);
    expect(world.orphans).toEqual([]);
    expect(world.aws.snapshots.size).toBe(1);
  });

  it('without its journal leaves a snapshot that the next one names and deletes', async () => {
    const world = new World({ inject: script({ PutSnapshotBlock: [undefined, 'kill-before'] }) });
    const digest = await world.store(diskOf('abcd'));
    expect(await world.publishUnlessKilled(digest, { parallel: 1 })).toBeUndefined();
    rmSync(join(world.root, '.kiln', 'publish'), { recursive: true });
    expect((await wayOf(world, digest)).leftovers).toMatchObject([{ action: 'delete', state: 'pending' }]);
    await world.publish(digest);
    expect(world.orphans).toEqual([]);
  });

  it('and had completed the snapshot is gone on with after every block was read back', async () => {
    const world = new World({ inject: script({ RegisterImage: ['kill-before'] }) });
    const digest = await world.store(diskOf('abcd'));
    expect(await world.publishUnlessKilled(digest)).toBeUndefined();
    expect((await wayOf(world, digest)).way).toMatchObject({ kind: 'adopt' });
    await world.publish(digest);
    expect(world.aws.snapshots.size).toBe(1);
    expect(standing(await readPublications(world.home, digest))[0]?.published.origin).toMatchObject({
      readBack: 4,
    });
  });

  it.each<[string, AwsError]>([
    ['was denied', new AwsError('AccessDeniedException', 'no', 403)],
    ['was refused', new AwsError('ValidationException', 'no', 400)],
    ['met a limit', new AwsError('ServiceQuotaExceededException', 'no', 402)],
  ])('because it %s leaves nothing', async (_, error) => {
    const world = new World({ inject: script({ PutSnapshotBlock: [undefined, error] }) });
    await expect(world.publish(await world.store(diskOf('abcd')))).rejects.toThrow(error.code);
    expect(world.aws.snapshots.size).toBe(0);
  });
});

describe('what is read back', () => {
  it('differs: no AMI is made of it, and the snapshot goes', async () => {
    const world = new World();
    const digest = await world.store(diskOf('abcd'));
    const planned = await world.plan(digest);
    const put = world.aws.store.put.bind(world.aws.store);
    world.aws.store.put = (checksum, data) => {
      put(checksum, data[0] === 'c'.charCodeAt(0) ? diskOf('x') : data);
    };
    await expect(world.apply(planned)).rejects.toMatchObject({
      code: 'read-back-differs',
      faults: [{ where: 'block 2', what: 'differs' }],
    });
    expect(world.aws.images.size + world.aws.snapshots.size).toBe(0);
  });

  it('is all of it with --verify, of an AMI that is there, too', async () => {
    const world = new World();
    const letters = 'abcdefghij'.repeat(10);
    const digest = await world.store(diskOf(letters));
    await world.publish(digest);
    const reads = () => world.events.findLast((each) => each.event === 'done' && each.step === 'read back');
    expect(reads()).toMatchObject({ detail: '64 of 100 blocks' });
    await world.publish(digest, { verify: true });
    expect(reads()).toMatchObject({ detail: '100 of 100 blocks' });
  });
});

describe('encryption', () => {
  it('by the account’s default is seen before anything is sent, and zeros are sent', async () => {
    const world = new World({ encryptedByDefault: [REGION] });
    const digest = await world.store(diskOf('a.b'));
    expect((await wayOf(world, digest)).way).toMatchObject({
      upload: { encrypted: true, send: { length: 2048 } },
    });
    const [arrived] = await world.publish(digest);
    expect(world.volumeDiffers(arrived?.snapshot.snapshot ?? '', diskOf('a.b'))).toEqual([]);
  });

  it('that was switched on after the plan stops the run, and nothing is left', async () => {
    const encryptedByDefault: string[] = [];
    const world = new World({ encryptedByDefault });
    const planned = await world.plan(await world.store(diskOf('a.b')));
    encryptedByDefault.push(REGION);
    await expect(world.apply(planned)).rejects.toMatchObject({ code: 'plan-stale' });
    expect(world.aws.snapshots.size).toBe(0);
  });

  it('copies are encrypted by the key of their region', async () => {
    const other = KEY.replace(REGION, 'us-east-1');
    const world = new World();
    const kmsKeys = new Map([
      [REGION, KEY],
      ['us-east-1', other],
    ]);
    const arrived = await world.publish(await world.store(diskOf('a')), {
      regions: [REGION, 'us-east-1'],
      kmsKeys,
    });
    expect(arrived.map(({ snapshot }) => snapshot.kmsKey)).toEqual([KEY, other]);
  });
});

describe('taking an image back', () => {
  it('deregisters, deletes, records; what is gone already is no error; a channel’s image stays', async () => {
    const world = new World();
    const digest = await world.store(diskOf('ab'));
    await world.publish(digest, { regions: [REGION, 'us-east-1'], share: [B] });
    const logs = (await world.catalogue()).logs;
    const plan = await planWithdrawal(world.home, digest, logs, aws);
    expect(plan).toMatchObject([
      { to: 'aws', digest, region: REGION, accounts: [B] },
      { to: 'aws', digest, region: 'us-east-1', accounts: [B] },
    ]);
    expect(await planWithdrawal(world.home, digest, logs, aws, { regions: ['us-east-1'] })).toHaveLength(1);
    world.pause.advance(1000);
    await world.connection().withdraw(world.home, plan, 'owner@desk');
    await world.connection().withdraw(world.home, plan, 'owner@desk');
    expect(world.aws.images.size + world.aws.snapshots.size).toBe(0);
    expect(await planWithdrawal(world.home, digest, logs, aws)).toEqual([]);
    await world.promote(digest);
    await expect(
      planWithdrawal(world.home, digest, (await world.catalogue()).logs, aws),
    ).rejects.toMatchObject({
      code: 'image-in-channel',
      exitCode: 1,
    });
  });
});
