import { join } from 'node:path';
import { z } from 'zod';
import { KilnError, type Fault } from '../../errors';
import type { Exec } from '../../ports/machine/exec';

const Refused = z.object({
  faults: z.array(z.object({ where: z.string(), what: z.string(), hint: z.string() })).min(1),
});

/** One fault speaks for itself. */
export function unresolvable(file: string, faults: readonly Fault[]): KilnError {
  const [first, ...more] = faults;
  return first !== undefined && more.length === 0
    ? new KilnError({
        code: 'unresolvable',
        what: first.what,
        faults: [{ where: first.where, what: first.hint ?? '' }],
      })
    : new KilnError({
        code: 'unresolvable',
        what: `${String(faults.length)} reasons why ${file} cannot be solved`,
        faults,
      });
}

/**
 * Asks the Python helper (factory/conda).
 * @param file how the user calls the environment file, for its refusals.
 * @throws KilnError `unresolvable` with what it refuses; `command-failed` when it gives no answer.
 */
export async function askHelper<T extends z.ZodType>(
  request: object,
  schema: T,
  { file, home, exec }: { readonly file: string; readonly home: string; readonly exec: Exec },
): Promise<z.infer<T>> {
  const result = await exec.run(join(home, '.venv', 'bin', 'python'), ['-m', 'kiln_conda'], {
    // What judges the requirements here judges them in the image too.
    env: {
      PYTHONPATH: ['factory/conda', 'images/layers/code', 'images/layers/conda']
        .map((folder) => join(home, folder))
        .join(':'),
    },
    input: JSON.stringify(request),
    accept: [0, 1, 2, 3],
  });
  let answer: z.infer<T> | z.infer<typeof Refused>;
  try {
    answer = z.union([Refused, schema]).parse(JSON.parse(result.stdout));
  } catch (error) {
    throw new KilnError({
      code: 'command-failed',
      what: `the conda helper gave no answer:\n${result.stderr.trim().split('\n').slice(-8).join('\n')}`,
      hint: 'is its Python environment whole? tools/setup makes it',
      cause: error,
    });
  }
  const refused = Refused.safeParse(answer);
  if (refused.success) throw unresolvable(file, refused.data.faults);
  return answer as z.infer<T>;
}
