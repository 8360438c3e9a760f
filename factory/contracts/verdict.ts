import { z } from 'zod';
import { Digest } from './digest';

/** What a proof of an image found; stands beside the record. */
export const Verdict = z.strictObject({
  version: z.literal(1),
  kind: z.enum(['verified', 'reproduced']),
  digest: Digest,
  /** True when every check held. */
  ok: z.boolean(),
  checks: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), detail: z.string() })),
  /** RFC 3339, UTC. */
  at: z.iso.datetime(),
  /** accelerator: what a boot ran on. */
  by: z.strictObject({ kiln: z.string(), host: z.string(), accelerator: z.enum(['kvm', 'tcg']).optional() }),
  /** Milliseconds by phase. */
  timings: z.record(z.string(), z.int().nonnegative()),
});
export type Verdict = z.infer<typeof Verdict>;
