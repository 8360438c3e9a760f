import type { AwsPublication } from '../../contracts/publications/aws';
import type { Withdrawal } from '../platform';
import type { Asked } from './request';
import { standing } from './standing';

/** An AMI that goes, and its snapshot with it. */
export interface AwsWithdrawal extends Withdrawal {
  readonly to: 'aws';
  readonly region: string;
  readonly ami: string;
  readonly snapshot: string;
  /** Accounts that have it: their launches fail from then on. */
  readonly accounts: readonly string[];
}

/** What stands of an image, as what can be withdrawn of it. @param request only in its regions; default: in all. */
export const withdrawals = (
  publications: readonly AwsPublication[],
  request?: Pick<Asked, 'regions'>,
): readonly AwsWithdrawal[] =>
  standing(publications)
    .filter(({ published }) => request?.regions.includes(published.region) !== false)
    .map(({ published: { digest, region, ami, snapshot }, accounts }) => ({
      to: 'aws',
      id: `${region} ${ami}`,
      digest,
      region,
      ami,
      snapshot,
      accounts,
    }));

/** What withdrawing does, before and afterwards. */
export function describeWithdrawal({ region, ami, snapshot, accounts }: AwsWithdrawal) {
  const shared = accounts.length === 0 ? '' : `, which ${accounts.join(', ')} can launch until then`;
  return {
    todo: `${region}: deregisters ${ami} and deletes ${snapshot}${shared}`,
    done: `${region}: deregistered ${ami} and deleted ${snapshot}`,
  };
}
