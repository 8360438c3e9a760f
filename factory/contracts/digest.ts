import { z } from 'zod';

/** `sha256:` and 64 lower-case hex digits: how images, contents and locks are named. */
export const Digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: followed by 64 lower-case hex digits');
export type Digest = z.infer<typeof Digest>;

/** The bare 64 hex digits, as lock entries and file names carry them. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');
export type Sha256 = z.infer<typeof Sha256>;

/** A DNS label: cluster, image and channel names become host names, tags and file names. */
export const Name = z
  .string()
  .regex(
    /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/,
    'must be 1 to 40 of a-z, 0-9 and -, starting with a letter, not ending with -',
  );
