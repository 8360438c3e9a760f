import type { Connection } from '../platform';
import { publish } from './apply/publish';
import { withdraw } from './apply/withdraw';
import type { Effects } from './effects';
import { hasWork } from './plan/plan';
import { planPublish } from './plan/plan-publish';
import type { Asked } from './request';
import { arrivedJson, arrivedText, planJson, planText } from './view';
import type { AwsWithdrawal } from './withdrawal';

/** What is asked of a platform, asked of AWS. */
export const connectionTo = (effects: Effects): Omit<Connection<Asked, AwsWithdrawal>, 'close'> => ({
  async plan(place, image, request) {
    const planned = await planPublish(effects, place, image, request);
    return {
      hasWork: hasWork(planned.plan),
      text: planText(planned.plan),
      json: planJson(planned.plan),
      async apply(manner) {
        const arrived = await publish(effects, place, planned, manner);
        return { text: arrivedText(arrived), images: arrived.map(arrivedJson) };
      },
    };
  },
  withdraw: (home, going, by) => withdraw(effects, home, going, by),
});
