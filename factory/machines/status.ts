import { z } from 'zod';

/** What a node says of itself, in /run/kiln/status.json and as lines on its status port. */
export const NodeStatus = z.object({
  version: z.literal(1),
  /** Both are null until node.json is known. */
  cluster: z.string().nullable(),
  role: z.string().nullable(),
  phase: z.enum([
    'booting',
    'validated',
    'scratch',
    'configured',
    'started',
    'ready',
    'failed',
    'leaving',
    'left',
  ]),
  image: z.object({ digest: z.string(), contentId: z.string(), matches: z.boolean() }).nullable(),
  /** null where the root is not sealed: a container's. */
  seal: z.object({ rootHash: z.string(), intact: z.boolean(), stops: z.boolean() }).nullish(),
  /** What comparing the image's files came to; null before it, and on a sealed root. */
  files: z.object({ files: z.number(), damaged: z.number() }).nullish(),
  /** The last canary: what ran on which workers (kiln_node/duties/canary.py). */
  canary: z
    .object({
      /** Seconds since 1970. */
      at: z.number(),
      seconds: z.number(),
      /** Addresses of workers. */
      proved: z.array(z.string()),
      missing: z.array(z.string()),
    })
    .nullish(),
  scratch: z
    .object({
      kind: z.string(),
      mounted: z.boolean(),
      device: z.string().nullable(),
      members: z.array(z.string()),
      sizeBytes: z.number().nullable(),
    })
    .nullable(),
  fault: z
    .object({
      /** Unit that failed. */
      unit: z.string().nullable(),
      what: z.string(),
      where: z.string().nullable(),
      hint: z.string().nullable(),
    })
    .nullable(),
  /** Phase -> milliseconds since boot. */
  timings: z.record(z.string(), z.number()),
});
export type NodeStatus = z.infer<typeof NodeStatus>;

/** The status in a text; undefined when it is not (yet) one: the writer may be of another version. */
export function parseStatus(text: string): NodeStatus | undefined {
  try {
    const parsed = NodeStatus.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
