import { KilnError } from '../../../errors';
import type { ImageInfo } from '../api/ec2-images';
import { type Effects, patience } from '../effects';
import { persist, until } from '../persist';
import { slow } from './upload';

/** Answers in a row that must say `available`: one alone can come from a server that is ahead of the others. */
const STEADY = 3;
const FAILED = new Set(['failed', 'error', 'invalid', 'deregistered']);
/** Milliseconds. A copy moves the data between regions. */
const WITHIN = { register: 20 * 60_000, copy: 3 * 60 * 60_000 };

/** Waits until an AMI can be launched. @throws KilnError `image-failed`, `aws-slow`. */
export async function settleImage(
  effects: Effects,
  region: string,
  ami: string,
  made: 'register' | 'copy',
): Promise<ImageInfo & { readonly snapshot: string }> {
  const { pause, report } = effects;
  const step = made === 'copy' ? 'copy' : 'register';
  report({ event: 'started', step: `wait for ${ami}`, region });
  let steady = 0;
  return await until(
    async () => {
      const [info] = await persist(
        `looking at ${ami}`,
        () => effects.images(region).images({ ids: [ami] }),
        patience(effects, region, step),
      );
      if (info !== undefined && FAILED.has(info.state)) throw imageFailed(region, info);
      steady = info?.state === 'available' ? steady + 1 : 0;
      if (info?.snapshot === undefined || steady < STEADY) return undefined;
      return { ...info, snapshot: info.snapshot };
    },
    {
      pause,
      within: WITHIN[made],
      late: () => slow(`${ami} in ${region} was not available within ${WITHIN[made] / 60_000} minutes`),
    },
  );
}

const imageFailed = (region: string, { ami, state, message }: ImageInfo): KilnError =>
  new KilnError({
    code: 'image-failed',
    what: `${ami} in ${region} is ${state}: ${message ?? 'AWS does not say why'}`,
    hint: `deregister it (aws ec2 deregister-image --region ${region} --image-id ${ami}), then run the same command again`,
  });
