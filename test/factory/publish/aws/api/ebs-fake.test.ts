import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeAws } from '../../../../../factory/publish/aws/api/aws-fake';
import { EBS_BLOCK, type SnapshotStart } from '../../../../../factory/publish/aws/api/ebs';
import { FakeEbs } from '../../../../../factory/publish/aws/api/ebs-fake';
import { FakeEc2Images } from '../../../../../factory/publish/aws/api/ec2-images-fake';
import { registration } from '../../../../../factory/publish/aws/api/ec2-image-parameters';
import { FakePause } from '../../../../../factory/ports/machine/pause-fake';

const REGION = 'eu-central-1';
const pause = new FakePause();
let aws: FakeAws;
let ebs: FakeEbs;
let ec2: FakeEc2Images;
beforeEach(() => {
  aws = new FakeAws({ clock: pause, settlesAfter: 1000, encryptedByDefault: ['eu-west-1'], pendingLimit: 3 });
  ebs = new FakeEbs(aws, REGION);
  ec2 = new FakeEc2Images(aws, REGION);
});

const request: SnapshotStart = { volumeSize: 1, token: 't', description: '', tags: {}, timeout: 60 };
const data = Buffer.alloc(EBS_BLOCK, 'x');
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64');
const whole = (...blocks: Uint8Array[]): string =>
  sha(Buffer.concat(blocks.map((block) => createHash('sha256').update(block).digest())));

async function completed(token = 't', volumeSize = 1, extra: Partial<SnapshotStart> = {}): Promise<string> {
  const { snapshot } = await ebs.start({ ...request, token, volumeSize, ...extra });
  await ebs.put(snapshot, { index: 0, data, checksum: sha(data) });
  await ebs.complete(snapshot, { count: 1, checksum: whole(data) });
  pause.advance(1000);
  return snapshot;
}

describe('StartSnapshot', () => {
  it('gives the same snapshot for the same token and request, and refuses another request', async () => {
    const first = await ebs.start(request);
    expect(await ebs.start(request)).toEqual(first);
    await expect(ebs.start({ ...request, volumeSize: 2 })).rejects.toMatchObject({
      code: 'ConflictException',
    });
  });

  const key = `arn:aws:kms:${REGION}:111122223333:key/1`;
  it.each<[string, Partial<SnapshotStart>, string]>([
    ['a volume of no size', { volumeSize: 0 }, 'INVALID_VOLUME_SIZE'],
    ['one that is too large', { volumeSize: 65_537 }, 'INVALID_VOLUME_SIZE'],
    ['a time-out of five minutes', { timeout: 5 }, 'INVALID_PARAMETER_VALUE'],
    ['a tag of AWS’s own', { tags: { 'aws:x': '' } }, 'INVALID_TAG'],
    [
      'a key of another region',
      { kmsKey: 'arn:aws:kms:us-east-1:111122223333:key/1' },
      'INVALID_CUSTOMER_KEY',
    ],
    ['a parent that is not there', { parent: 'snap-0' }, 'SNAPSHOT_NOT_FOUND'],
  ])('refuses %s', async (_, change, reason) => {
    await expect(ebs.start({ ...request, ...change })).rejects.toMatchObject({ reason });
  });

  it('refuses a parent that is pending, larger, or given together with a key; one of another region it does not know', async () => {
    const { snapshot } = await ebs.start(request);
    await expect(ebs.start({ ...request, token: 'b', parent: snapshot })).rejects.toMatchObject({
      reason: 'INVALID_SNAPSHOT_ID',
    });
    const parent = await completed('c', 2);
    await expect(ebs.start({ ...request, token: 'd', parent })).rejects.toMatchObject({
      reason: 'INVALID_VOLUME_SIZE',
    });
    await expect(
      ebs.start({ ...request, volumeSize: 2, token: 'e', parent, kmsKey: key }),
    ).rejects.toMatchObject({
      reason: 'INVALID_PARAMETER_VALUE',
    });
    const west = new FakeEbs(aws, 'eu-west-1');
    await expect(west.start({ ...request, parent })).rejects.toMatchObject({ reason: 'SNAPSHOT_NOT_FOUND' });
  });

  it('takes encryption and key from the parent, and by default where the account says so', async () => {
    const parent = await completed('c', 1, { kmsKey: key });
    expect((await ebs.start({ ...request, token: 'd', parent })).kmsKey).toBe(key);
    expect((await new FakeEbs(aws, 'eu-west-1').start(request)).kmsKey).toMatch(/^arn:aws:kms:eu-west-1/);
  });

  it('knows a limit of pending snapshots', async () => {
    for (const token of ['a', 'b', 'c']) await ebs.start({ ...request, token });
    await expect(ebs.start({ ...request, token: 'd' })).rejects.toMatchObject({
      code: 'ConcurrentLimitExceededException',
    });
  });
});

describe('PutSnapshotBlock and CompleteSnapshot', () => {
  it.each([
    [
      'a checksum that is not the data’s',
      { checksum: sha(Buffer.alloc(EBS_BLOCK)) },
      'INVALID_PARAMETER_VALUE',
    ],
    ['half a block', { data: data.subarray(0, 512), checksum: sha(data.subarray(0, 512)) }, 'INVALID_BLOCK'],
    ['a block behind the volume', { index: 2048 }, 'INVALID_BLOCK'],
    ['a block before it', { index: -1 }, 'INVALID_BLOCK'],
  ])('refuses %s', async (_, change, reason) => {
    const { snapshot } = await ebs.start(request);
    const block = { index: 0, data, checksum: sha(data), ...change };
    await expect(ebs.put(snapshot, block)).rejects.toMatchObject({ reason });
  });

  it('takes no block after the completion, and no second completion', async () => {
    const snapshot = await completed();
    const block = { index: 1, data, checksum: sha(data) };
    await expect(ebs.put(snapshot, block)).rejects.toMatchObject({ reason: 'INVALID_SNAPSHOT_ID' });
    await expect(ebs.complete(snapshot, { count: 1, checksum: whole(data) })).rejects.toMatchObject({
      reason: 'INVALID_SNAPSHOT_ID',
    });
  });

  it.each([
    ['the number of blocks', 2, whole(data)],
    ['the checksum of all', 1, sha(data)],
  ])('puts a snapshot to error when %s is wrong', async (_, count, checksum) => {
    const { snapshot } = await ebs.start(request);
    await ebs.put(snapshot, { index: 0, data, checksum: sha(data) });
    await ebs.complete(snapshot, { count, checksum });
    expect(await ec2.snapshots({ ids: [snapshot] })).toMatchObject([{ state: 'error' }]);
  });

  it('cancels a snapshot that no block comes to', async () => {
    const { snapshot } = await ebs.start(request);
    pause.advance(60 * 60_000 + 1);
    expect(await ec2.snapshots({ ids: [snapshot] })).toMatchObject([{ state: 'error' }]);
  });
});

describe('reading', () => {
  it('is refused of a pending snapshot, with a token of another block, and with a page of another snapshot', async () => {
    const { snapshot } = await ebs.start(request);
    await expect(ebs.list(snapshot)).rejects.toMatchObject({ reason: 'INVALID_SNAPSHOT_ID' });
    const done = await completed('c');
    const [block] = (await ebs.list(done)).blocks;
    await expect(ebs.get(done, 1, block?.token ?? '')).rejects.toMatchObject({
      reason: 'INVALID_BLOCK_TOKEN',
    });
    await expect(ebs.list(done, `${snapshot} 0 full`)).rejects.toMatchObject({
      reason: 'INVALID_PAGE_TOKEN',
    });
    expect(Buffer.from(await ebs.get(done, 0, block?.token ?? '')).equals(data)).toBe(true);
  });
});

describe('RegisterImage', () => {
  const image = { name: 'image-1', description: '', volumeSize: 1, tags: {} };

  it.each<[string, object, string]>([
    ['a name of two letters', { Name: 'ab' }, 'InvalidAMIName.Malformed'],
    ['no architecture', { Architecture: undefined }, 'InvalidParameterValue'],
    ['an unknown boot mode', { BootMode: 'bios' }, 'InvalidParameterValue'],
    ['an IMDS that is none', { ImdsSupport: 'v1.0' }, 'InvalidParameterValue'],
    ['a root that is not mapped', { RootDeviceName: '/dev/sda1' }, 'InvalidBlockDeviceMapping'],
  ])('refuses %s', async (_, change, code) => {
    const snapshot = await completed();
    await expect(
      ec2.registerAs({ ...registration({ ...image, snapshot }), ...change }),
    ).rejects.toMatchObject({ code });
  });

  it('refuses a snapshot that is pending, a volume smaller than it, and a name that is taken', async () => {
    const { snapshot } = await ebs.start({ ...request, token: 'p' });
    await expect(ec2.register({ ...image, snapshot })).rejects.toMatchObject({ code: 'IncorrectState' });
    const large = await completed('l', 2);
    await expect(ec2.register({ ...image, snapshot: large })).rejects.toMatchObject({
      code: 'InvalidBlockDeviceMapping',
    });
    const done = await completed('c');
    await ec2.register({ ...image, snapshot: done });
    await expect(ec2.register({ ...image, snapshot: done })).rejects.toMatchObject({
      code: 'InvalidAMIName.Duplicate',
    });
    await expect(ec2.deleteSnapshot(done)).rejects.toMatchObject({ code: 'InvalidSnapshot.InUse' });
  });
});
