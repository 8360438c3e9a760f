import { z } from 'zod';

/* What the demo takes from kiln's answers; each command's answer has more. */

export const Baked = z.object({ digest: z.string() });
export const Shown = z.object({
  verdicts: z.array(z.object({ kind: z.string(), ok: z.boolean(), at: z.string() })),
});
const Failure = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** The code of kiln's error in an answer, if it is one. */
export function errorCode(stdout: string): string | undefined {
  try {
    return Failure.safeParse(JSON.parse(stdout)).data?.error.code;
  } catch {
    return undefined;
  }
}
