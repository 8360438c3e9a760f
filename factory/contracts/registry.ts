import { z } from 'zod';
import { Digest, Name } from './digest';

/* Small documents of a registry beside records, verdicts and channel logs. */

const By = {
  /** Who, as `user@host`. */
  by: z.string().min(1),
  /** RFC 3339, UTC. */
  at: z.iso.datetime(),
};

/** images/<hex>/revoked.json: no channel and no deployment takes this image any more; for ever. */
export const Revocation = z.strictObject({
  version: z.literal(1),
  digest: Digest,
  reason: z.string().min(1),
  /** The image that was meant, when this one goes as its descendant. */
  because: Digest.nullable(),
  operation: z.uuid(),
  ...By,
});
export type Revocation = z.infer<typeof Revocation>;

/** images/<hex>/removed.json: its disk was removed by `kiln gc`; record and lock stay for the history. */
export const Removal = z.strictObject({ version: z.literal(1), digest: Digest, ...By });
export type Removal = z.infer<typeof Removal>;

/** pins/<hex>.json: `kiln gc` leaves this image alone. */
export const Pin = z.strictObject({
  version: z.literal(1),
  digest: Digest,
  reason: z.string().min(1),
  ...By,
});
export type Pin = z.infer<typeof Pin>;

/** Names of hosts, clusters, instances: what may stand in a file's name. */
export const ReporterName = z
  .string()
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,118}[A-Za-z0-9])?$/, 'must be 1 to 120 of A-Z, a-z, 0-9, ., _ and -');

/** in-use/<reporter>.json: machines that boot from an image; the newest report of a reporter counts. */
export const InUse = z.strictObject({
  version: z.literal(1),
  /** Who reports: unique, and the file's name. */
  reporter: ReporterName,
  digest: Digest,
  cluster: Name,
  /** Names or addresses of the machines. */
  nodes: z.array(z.string().min(1).max(253)).min(1).max(10_000),
  ...By,
});
export type InUse = z.infer<typeof InUse>;

/** The lease in holds/<operation>.json, and the mark gc.json: who is writing, or removing, right now. */
export const Lease = z.strictObject({
  version: z.literal(1),
  operation: z.uuid(),
  purpose: z.string().min(1),
  /** Boot and PID namespace of the process, by which it can be looked up on its own machine. */
  place: z.string(),
  pid: z.int().positive(),
  /** Past this it does not count any more: RFC 3339, UTC. Renewed while the work goes on. */
  until: z.iso.datetime(),
  ...By,
});
export type Lease = z.infer<typeof Lease>;
