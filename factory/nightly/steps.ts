import { z } from 'zod';
import { Digest } from '../contracts/digest';

/** The steps of a night, in their order. */
export const STEPS = [
  'refresh',
  'bake',
  'verify',
  'reproduce',
  'register',
  'promote',
  'propose',
  'report',
] as const;
export type Step = (typeof STEPS)[number];

/** What was asked of a channel, and what it answered. */
export const Move = z.strictObject({
  channel: z.string(),
  /** What the channel pointed at before; null while it was empty. */
  from: Digest.nullable(),
  /** Whether the channel points at the image now. */
  taken: z.boolean(),
  gates: z.array(z.strictObject({ kind: z.string(), holds: z.boolean(), detail: z.string() })),
});
export type Move = z.infer<typeof Move>;

const Judged = z.strictObject({
  ok: z.boolean(),
  checks: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), detail: z.string() })),
});

/** What each step leaves for those after it; stands in the journal. */
export const OUTPUTS = {
  refresh: z.strictObject({
    /** Digest of the lock that the night bakes. */
    lock: Digest,
    /** `kept`: no index had changed; `asked`: every registry was. */
    how: z.enum(['kept', 'asked']),
    /** Packages that differ from the last night's image, or else from the project's lock. */
    packages: z.int().nonnegative(),
  }),
  bake: z.strictObject({
    digest: Digest,
    /** Bytes of the disk. */
    size: z.int().positive(),
    /** False when the image was there already. */
    baked: z.boolean(),
    steps: z.array(
      z.strictObject({
        step: z.string(),
        cached: z.boolean(),
        milliseconds: z.int().nonnegative(),
        bytes: z.int().nonnegative(),
      }),
    ),
  }),
  verify: Judged,
  reproduce: Judged,
  register: Move,
  promote: z.strictObject({ moves: z.array(Move) }),
  propose: z.strictObject({
    /** Null: no branch is configured, or the lock is what is committed. */
    branch: z.string().nullable(),
    commit: z.string().nullable(),
  }),
  report: z.strictObject({ file: z.string() }),
} as const satisfies Record<Step, z.ZodType>;
export type Outputs = { readonly [S in Step]: z.infer<(typeof OUTPUTS)[S]> };

/** How a night can end; a failure is no end: it is gone on with. */
export const RESULTS = ['unchanged', 'registered', 'refused'] as const;
export type Result = (typeof RESULTS)[number];

/** The last night whose image was registered: what `nothing changed` is measured against. */
export const Previous = z.strictObject({ run: z.string(), lock: Digest, sources: Digest, image: Digest });
export type Previous = z.infer<typeof Previous>;
