import type { EbsDirect } from './api/ebs';
import type { Ec2Images } from './api/ec2-images';
import type { Pause } from '../../ports/machine/pause';
import type { PublishEvent } from '../event';
import type { Persistence } from './persist';

/** The outside world of a publication. */
export interface Effects {
  readonly ebs: (region: string) => EbsDirect;
  readonly images: (region: string) => Ec2Images;
  readonly pause: Pause;
  readonly report: (event: PublishEvent) => void;
}

/** How a call in a region is persisted with. */
export const patience = (
  { pause, report }: Effects,
  region: string,
  step: string,
  more: Partial<Pick<Persistence, 'within' | 'also'>> = {},
): Persistence => ({
  pause,
  region,
  ...more,
  onRetry: (error) => {
    report({ event: 'retry', step, region, why: error.code });
  },
});
