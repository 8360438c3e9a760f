import { z } from 'zod';
import { NodeStatus } from '../machines/status';

const On = z.object({ source: z.string(), fstype: z.string() });

const Overlay = z.object({
  fstype: z.string(),
  /** As given when it was mounted. */
  upper: z.string().nullable(),
  /** What the upper layer is kept on. */
  on: On.nullable(),
});

/** The booted system as a whole: images/rootfs/usr/lib/kiln/kiln_node/status/report.py. */
const SystemReport = z.object({
  /** Of `systemctl is-system-running`. */
  state: z.string(),
  failedUnits: z.array(z.string()),
  target: z.object({ name: z.string(), active: z.boolean() }),
  /** Of the device mapper; null where the root is not sealed. */
  seal: z.object({ rootHash: z.string(), intact: z.boolean(), stops: z.boolean() }).nullable(),
  root: z.object({ fstype: z.string().nullable(), readOnly: z.boolean() }),
  overlays: z.record(z.string(), Overlay.nullable()),
  /** undefined level and members: it is not an array. */
  scratch: On.extend({ level: z.string().nullable(), members: z.int().nullable() }).nullable(),
  /** Every socket that waits for a caller. */
  listening: z.array(
    z.object({ protocol: z.string(), address: z.string(), port: z.int(), program: z.string().nullable() }),
  ),
});

/** What a node under proof says of itself: the status of every node, and the report on the system. */
export const ProofStatus = NodeStatus.extend({
  // A node that has not read its configuration yet knows neither.
  cluster: z.string().nullable(),
  role: z.string().nullable(),
  system: SystemReport.optional(),
});
export type ProofStatus = z.infer<typeof ProofStatus>;

/** undefined when the text is no status. */
export function parseProofStatus(text: string): ProofStatus | undefined {
  try {
    const parsed = ProofStatus.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
