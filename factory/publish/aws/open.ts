import type { EbsDirect } from './api/ebs';
import type { Ec2Images } from './api/ec2-images';
import { hostPause } from '../../ports/machine/pause';
import type { PublishEvent } from '../event';
import type { Effects } from './effects';

/** AWS itself, a client a region; `close` when done, else open connections keep the process. */
export async function openAws(
  report: (event: PublishEvent) => void,
): Promise<{ readonly effects: Effects; readonly close: () => void }> {
  // EC2's client alone takes longer to load than all of kiln.
  const [{ AwsEbs }, { AwsEc2Images }] = await Promise.all([
    import('./api/ebs-aws.js'),
    import('./api/ec2-images-aws.js'),
  ]);
  const ebs = new Map<string, EbsDirect>();
  const images = new Map<string, Ec2Images>();
  const once = <T>(made: Map<string, T>, region: string, make: () => T): T => {
    const client = made.get(region) ?? make();
    made.set(region, client);
    return client;
  };
  return {
    effects: {
      ebs: (region) => once(ebs, region, () => new AwsEbs(region)),
      images: (region) => once(images, region, () => new AwsEc2Images(region)),
      pause: hostPause,
      report,
    },
    close: () => {
      for (const client of [...ebs.values(), ...images.values()]) client.close();
    },
  };
}
