import { z } from 'zod';

/** A conda environment file, the part that decides what is installed. */
export const Environment = z.strictObject({
  name: z.string().optional(),
  channels: z.array(z.string().min(1)).min(1),
  dependencies: z.array(z.union([z.string().min(1), z.strictObject({ pip: z.array(z.string()) })])).min(1),
});
export type Environment = z.infer<typeof Environment>;

/** The Python that it asks for, `3.13`; undefined where it leaves it open. */
export function pythonOf(
  environment: Environment,
): { readonly minor: number; readonly spec: string } | undefined {
  for (const dependency of environment.dependencies) {
    if (typeof dependency !== 'string') continue;
    const match = /^(?:[\w.-]+::)?python\s*(?:==?|~=)?\s*3\.(\d+)/.exec(dependency.trim());
    if (match?.[1] !== undefined) return { minor: Number(match[1]), spec: dependency };
  }
  return undefined;
}
