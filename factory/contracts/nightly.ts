import { z } from 'zod';
import { Name } from './digest';

/** factory.yaml's `nightly`: what `kiln nightly` may do by itself. */
export const NightlySpec = z.strictObject({
  /** Channel that a proven image is registered in. Default: the first one of `channels`. */
  channel: Name.optional(),
  /** Channels that then take it by themselves, in this order, as far as their gates hold. Default: none. */
  promote: z.array(Name).default([]),
  /** `patch`: the newest patch release of the same Spark line; `stay`: the one that `spark` names. */
  spark: z.enum(['stay', 'patch'], 'must be stay or patch').default('stay'),
  /** Git branch that a proven lock is committed to, upon the commit that is checked out. Default: none. */
  branch: z
    .string()
    .regex(
      /^(?!.*(\.\.|\/\/|\.lock(\/|$)|@\{))[A-Za-z0-9][\w./-]*[\w-]$/,
      'must be a name that git takes for a branch, such as nightly/lock',
    )
    .optional(),
});
export type NightlySpec = z.infer<typeof NightlySpec>;
