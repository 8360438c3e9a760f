import { z } from 'zod';
import { Digest } from '../contracts/digest';
import { OUTPUTS, type Move, type Outputs } from './steps';

/*
 * What kiln's commands answer with --json, as far as a night reads it: the one place that knows them.
 */

const Baked = z.object({
  digest: Digest,
  size: z.int().positive(),
  baked: z.boolean(),
  steps: z.array(
    z.object({ step: z.string(), cached: z.boolean(), milliseconds: z.number(), bytes: z.number() }),
  ),
});
export const bakeAnswer = (answer: unknown): Outputs['bake'] => {
  const { digest, size, baked, steps } = Baked.parse(answer);
  return OUTPUTS.bake.parse({
    digest,
    size,
    baked,
    steps: steps.map(({ step, cached, milliseconds, bytes }) => ({
      step,
      cached,
      milliseconds: Math.round(milliseconds),
      bytes,
    })),
  });
};

const Check = z.object({ name: z.string(), ok: z.boolean(), detail: z.string() });
const Verified = z.object({ ok: z.boolean(), checks: z.array(Check) });
export const verifyAnswer = (answer: unknown): Outputs['verify'] => {
  const { ok, checks } = Verified.parse(answer);
  return { ok, checks: checks.map(({ name, ok: held, detail }) => ({ name, ok: held, detail })) };
};

const Reproduced = z.object({
  digest: Digest,
  again: Digest.optional(),
  same: z.boolean(),
  layers: z.array(
    z.object({ name: z.string(), same: z.boolean(), entries: z.int(), differences: z.array(z.unknown()) }),
  ),
});
export const reproduceAnswer = (answer: unknown): Outputs['reproduce'] => {
  const { digest, again, same, layers } = Reproduced.parse(answer);
  return {
    ok: same,
    checks: [
      ...layers.map(({ name, same: equal, entries, differences }) => ({
        name: `layer ${name}`,
        ok: equal,
        detail: equal ? `${String(entries)} entries` : `${String(differences.length)} differences`,
      })),
      { name: 'disk', ok: again === digest, detail: again === digest ? digest : `is ${String(again)}` },
    ],
  };
};

const Promoted = z.object({
  plan: z.object({
    from: Digest.nullish(),
    moves: z.boolean(),
    gates: z.array(z.object({ kind: z.string(), holds: z.boolean(), detail: z.string() })),
  }),
  allowed: z.boolean(),
  applied: z.boolean(),
});
export const promoteAnswer = (channel: string, answer: unknown): Move => {
  const { plan, allowed, applied } = Promoted.parse(answer);
  return {
    channel,
    from: plan.from ?? null,
    taken: applied || (allowed && !plan.moves),
    gates: plan.gates.map(({ kind, holds, detail }) => ({ kind, holds, detail })),
  };
};
