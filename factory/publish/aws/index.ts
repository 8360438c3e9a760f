import type { AwsPublication } from '../../contracts/publications/aws';
import type { Platform } from '../platform';
import { connectionTo } from './connection';
import { openAws } from './open';
import { type Asked, askedFor } from './request';
import { type AwsWithdrawal, describeWithdrawal, withdrawals } from './withdrawal';

/** Images as AMIs, in one region or several. */
export const aws: Platform<Asked, AwsPublication, AwsWithdrawal> = {
  name: 'aws',
  parse: askedFor,
  standing: withdrawals,
  describe: describeWithdrawal,
  async connect(report) {
    const { effects, close } = await openAws(report);
    return { ...connectionTo(effects), close };
  },
};
