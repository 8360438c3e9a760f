import { z } from 'zod';
import { AwsPublication } from './publications/aws';

/**
 * What happened to an image on a platform: images/<hex>/publications/<name>.json beside the image's record,
 * append-only. `to` names the platform, whose schema says the rest; every one has an event, the digest of the disk, who
 * did it and when. What there is now is the sum of them (factory/publish/platform.ts).
 */
export const Publication = z.discriminatedUnion('to', [AwsPublication]);
export type Publication = z.infer<typeof Publication>;

/** The word before the colon of `kiln publish --to`. */
export type PlatformName = Publication['to'];

/** Of an image's publications, those on one platform. */
export const publicationsOn = <Name extends PlatformName>(
  publications: readonly Publication[],
  platform: Name,
): readonly Extract<Publication, { to: Name }>[] => {
  // As a word: with one platform in the union, the comparison of types is always true.
  const word: string = platform;
  return publications.filter((each): each is Extract<Publication, { to: Name }> => each.to === word);
};
