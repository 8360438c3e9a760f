import { z } from 'zod';
import { Digest, Name } from './digest';

/** One entry of a channel's append-only log: channels/<image>/<channel>/<7 digits>.json. */
export const ChannelEntry = z.strictObject({
  version: z.literal(1),
  image: Name,
  channel: Name,
  /** 1, 2, 3 … without a gap; also the file's name. */
  sequence: z.int().positive(),
  /** revoke: the channel fell back because the image it pointed at was revoked. */
  action: z.enum(['promote', 'rollback', 'revoke']),
  digest: Digest,
  /** Identifies the operation that wrote it, to settle time-outs by reading back. */
  operation: z.uuid(),
  by: z.string().min(1),
  reason: z.string(),
  /** Gates that did not hold and were overridden, for the entry's reason. Default: none were. */
  overrides: z
    .array(z.strictObject({ gate: z.string().min(1), detail: z.string() }))
    .min(1)
    .optional(),
  /** RFC 3339, UTC. */
  at: z.iso.datetime(),
});
export type ChannelEntry = z.infer<typeof ChannelEntry>;
