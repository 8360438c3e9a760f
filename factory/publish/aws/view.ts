import { shortDigest } from '../../registry/errors';
import { formatSize } from '../../units';
import { EBS_BLOCK } from './api/ebs';
import type { Arrived } from './apply/into-region';
import type { PublishPlan, RegionPlan } from './plan/plan';

function wayText({ way, kmsKey, encrypted }: RegionPlan, name: string): readonly string[] {
  switch (way.kind) {
    case 'there':
      return [`is there: ${way.ami}${way.recorded ? '' : ', which the registry does not know yet'}`];
    case 'adopt':
      return [`reads back ${way.snapshot}, which is whole, and registers ${name}`];
    case 'copy':
      return [`copies the AMI of ${way.from}${kmsKey === undefined ? '' : `, encrypted by ${kmsKey}`}`];
    case 'upload': {
      const { send, sentBefore, used, parent, whole, volumeSize } = way.upload;
      return [
        `sends ${send.length - sentBefore} blocks of 512 KiB (${formatSize((send.length - sentBefore) * EBS_BLOCK)}; the disk has ${used})` +
          (way.resume === undefined ? '' : `; ${sentBefore} are there already, in ${way.resume}`),
        parent === undefined
          ? `  the whole disk: ${whole ?? ''}`
          : `  the difference to ${shortDigest(parent.digest)}, ${parent.snapshot}`,
        ...(encrypted
          ? [
              `  encrypted by ${parent?.kmsKey ?? kmsKey ?? "the account's default key"}` +
                (parent === undefined
                  ? ': zeros are sent, too, since what is not written there is not zero'
                  : ''),
            ]
          : []),
        `  registers ${name}: ${volumeSize} GiB, UEFI, IMDSv2, ENA, gp3`,
      ];
    }
  }
}

/** What a publication would do, as a person reads it. */
export function planText({ record, name, store, verify, regions }: PublishPlan): string {
  return [
    `publish ${shortDigest(record.digest)} as ${name}`,
    ...(store ? ['  stores the image in the registry'] : []),
    ...regions.flatMap((plan) => [
      ...wayText(plan, name).map((line, index) => `  ${index === 0 ? `${plan.region}: ` : '  '}${line}`),
      ...(verify ? ['    reads back and compares every block'] : []),
      ...(plan.share.length === 0 ? [] : [`    shares it with ${plan.share.join(', ')}`]),
      ...plan.leftovers.map(
        ({ snapshot, digest, state, startedAt, publisher, action, why }) =>
          `    ${LEFT[action]} ${snapshot} (${state}, of ${shortDigest(digest)}, begun ${startedAt} by ${publisher}): ${why}`,
      ),
      ...plan.deprecate.map(({ ami, digest, from }) =>
        from === undefined
          ? `    lists ${ami} again (${shortDigest(digest)}: a channel points at it)`
          : `    deprecates ${ami} (${shortDigest(digest)}: no channel points at it any more)`,
      ),
    ]),
  ].join('\n');
}

const LEFT = { resume: 'goes on with', adopt: 'takes', delete: 'deletes', leave: 'leaves' } as const;

/** The plan without the thousands of numbers of blocks. */
export function planJson(plan: PublishPlan): object {
  return {
    ...plan,
    record: undefined,
    digest: plan.record.digest,
    regions: plan.regions.map((region) => {
      const { way } = region;
      if (way.kind !== 'upload') return region;
      const { send, ...upload } = way.upload;
      return {
        ...region,
        way: { ...way, upload: { ...upload, blocks: send.length, bytes: send.length * EBS_BLOCK } },
      };
    }),
  };
}

export const arrivedText = (arrived: readonly Arrived[]): string =>
  arrived.map(({ region, ami, snapshot }) => `${region}  ${ami}  ${snapshot.snapshot}`).join('\n');

export const arrivedJson = ({ region, ami, snapshot }: Arrived): object => ({
  region,
  ami,
  snapshot: snapshot.snapshot,
});
