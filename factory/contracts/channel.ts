import { z } from 'zod';
import { Digest, Name } from './digest';

/** One entry of a channel's append-only log: channels/<image>/<channel>/<7 digits>.json. */
export const ChannelEntry = z.strictObject({
  version: z.literal(1),
  image: Name,
  channel: Name,
  /** 1, 2, 3 … without a gap; also the file's name. */
  sequence: z.int().positive(),
  action: z.enum(['promote', 'rollback']),
  digest: Digest,
  /** Identifies the operation that wrote it, to settle time-outs by reading back. */
  operation: z.uuid(),
  by: z.string().min(1),
  reason: z.string(),
  /** RFC 3339, UTC. */
  at: z.iso.datetime(),
});
export type ChannelEntry = z.infer<typeof ChannelEntry>;
