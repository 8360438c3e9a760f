import type { z } from 'zod';

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** Of a union: what each of its members finds wrong. */
  readonly errors?: readonly (readonly Issue[])[];
}

/** A union's fault is told by the member that comes nearest: the one with the fewest faults. */
function leaves(issue: Issue, above: readonly PropertyKey[] = []): readonly Issue[] {
  const path = [...above, ...issue.path];
  const nearest = [...(issue.errors ?? [])]
    .filter((e) => e.length > 0)
    .sort((a, b) => a.length - b.length)[0];
  if (nearest === undefined) return [{ path, message: issue.message }];
  return nearest.flatMap((inner) => leaves(inner, path));
}

/** Every fault of a document as `<name>: <path>: <what>`; none when it is valid. */
export function faultsOf(schema: z.ZodType, document: unknown, name: string): string[] {
  const result = schema.safeParse(document);
  if (result.success) return [];
  return result.error.issues
    .flatMap((issue) => leaves(issue as Issue))
    .map(({ path, message }) =>
      [name, path.map(String).join('.'), message].filter((w) => w !== '').join(': '),
    );
}
