import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AwsError } from '../../../../factory/publish/aws/api/aws-error';
import type { FakeCall, Injected } from '../../../../factory/publish/aws/api/aws-fake';
import { type FakeAwsServer, serveFakeAws } from '../../../../factory/publish/aws/api/aws-server-fake';
import { hostPause } from '../../../../factory/ports/machine/pause';
import { openAws } from '../../../../factory/publish/aws/open';
import { planPublish } from '../../../../factory/publish/aws/plan/plan-publish';
import type { Asked } from '../../../../factory/publish/aws/request';
import { publish } from '../../../../factory/publish/aws/apply/publish';
import { findImage } from '../../../../factory/registry/find-image';
import { World, diskOf } from './support';

/*
 * AWS's own SDK against the fake as a server: what goes over the wire is what the fake's rules want, and what comes
 * back is what kiln reads.
 */

let inject: (call: FakeCall) => Injected = () => undefined;
const world = new World({ inject: (call) => inject(call), clock: hostPause, page: 3 });
let server: FakeAwsServer;
let aws: Awaited<ReturnType<typeof openAws>>;

beforeAll(async () => {
  server = await serveFakeAws(world.aws, { expired: ['AKIDEXPIRED'] });
  vi.stubEnv('AWS_ENDPOINT_URL', server.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDTEST');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent');
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  aws = await openAws(() => undefined);
});
afterAll(async () => {
  aws.close();
  await server.close();
  vi.unstubAllEnvs();
});

async function send(digest: string, change: Partial<Asked> = {}) {
  const place = await world.place();
  const planned = await planPublish(aws.effects, place, findImage(place.catalogue, digest), {
    regions: ['eu-central-1', 'us-east-1'],
    share: ['444455556666'],
    kmsKeys: new Map(),
    whole: false,
    verify: true,
    deprecate: true,
    ...change,
  });
  return await publish(aws.effects, place, planned, { by: 'owner@desk', parallel: 8 });
}

it('an image and its successor become AMIs in two regions, as the plan says', async () => {
  const before = diskOf('ab.cd.e');
  const after = diskOf('ab..dfe');
  const parent = await world.store(before);
  await world.promote(parent);
  await send(parent);
  const digest = await world.store(after);
  await world.promote(digest);
  const [home, copy] = await send(digest);
  const images = [...world.aws.images.values()];
  expect(images).toHaveLength(4);
  expect(images.find(({ id }) => id === home?.ami)).toMatchObject({
    bootMode: 'uefi',
    imdsSupport: 'v2.0',
    ena: true,
    architecture: 'x86_64',
    volumeType: 'gp3',
    sharedWith: new Set(['444455556666']),
  });
  const snapshot = world.aws.snapshots.get(home?.snapshot.snapshot ?? '');
  // c became zero, a zero became f.
  expect([...(snapshot?.puts.keys() ?? [])].sort()).toEqual([3, 5]);
  expect(snapshot?.tags).toMatchObject({ 'kiln:digest': digest, 'kiln:parent': parent });
  expect(world.volumeDiffers(home?.snapshot.snapshot ?? '', after)).toEqual([]);
  expect(world.volumeDiffers(copy?.snapshot.snapshot ?? '', after)).toEqual([]);
  const old = images.filter(({ tags }) => tags['kiln:digest'] === parent);
  expect(old.map(({ deprecatedFrom }) => deprecatedFrom === undefined)).toEqual([false, false]);
}, 60_000);

describe('what AWS refuses comes out with what to do', () => {
  it.each([
    ['expired credentials', 'AKIDEXPIRED', 'eu-central-1', 'aws-expired'],
    ['a region that is not enabled for this account', 'AKIDTEST', 'eu-north-7', 'aws-bad-credentials'],
    ['no credentials', '', 'eu-central-1', 'aws-no-credentials'],
  ])('%s', async (_, key, region, code) => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', key);
    const other = await openAws(() => undefined);
    const digest = await world.store(diskOf('xyz'));
    const place = await world.place();
    try {
      await expect(
        planPublish(other.effects, place, findImage(place.catalogue, digest), {
          regions: [region],
          share: [],
          kmsKeys: new Map(),
          whole: false,
          verify: false,
          deprecate: false,
        }),
      ).rejects.toMatchObject({ code, hint: expect.any(String) as string });
    } finally {
      other.close();
      vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDTEST');
    }
  });

  it('a denial in the middle, and the snapshot that was begun is gone', async () => {
    const digest = await world.store(diskOf('denied'));
    const before = world.aws.snapshots.size;
    inject = ({ operation, index }) =>
      operation === 'PutSnapshotBlock' && index === 3
        ? new AwsError(
            'AccessDeniedException',
            'User is not authorized to perform: ebs:PutSnapshotBlock',
            403,
          )
        : undefined;
    await expect(send(digest)).rejects.toMatchObject({ code: 'aws-denied', exitCode: 3 });
    inject = () => undefined;
    expect(world.aws.snapshots.size).toBe(before);
  });
});
