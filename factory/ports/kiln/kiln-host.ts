import { join } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import { defined } from '../../defined';
import { KilnError } from '../../errors';
import { replayable } from '../machine/exec-host';
import type { Kiln } from './kiln';

/** How kiln tells a program of its error: on standard output, with --json. */
const Told = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    hint: z.string().optional(),
    faults: z
      .array(z.object({ where: z.string(), what: z.string(), hint: z.string().optional() }))
      .default([]),
  }),
});

/** Lines of what it said last that an error shows. */
const SHOWN = 12;

/** The end of this process ends the one it starts, and root's with all that it started itself. */
const tied = (root: boolean): readonly string[] => [
  ...['setpriv', '--pdeathsig', 'KILL', '--'],
  ...(root ? ['unshare', '--pid', '--mount', '--fork', '--kill-child', '--mount-proc', '--'] : []),
];

/**
 * What changes the registry stays in this process's namespace: files on their way there are named by their
 * writer's process id, by which others see whether it is still at work.
 */
const NAMED_BY_PROCESS = ['promote'];

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param home kiln's own folder; @param project the project's. */
export function hostKiln(home: string, project: string, root = process.getuid?.() === 0): Kiln {
  return {
    async run(words, { spec, onLine } = {}) {
      const args = [...words, '--json'];
      const inside = root && !NAMED_BY_PROCESS.includes(words[0] ?? '');
      const [program = '', ...before] = tied(inside);
      const child = execa(program, [...before, join(home, 'bin', 'kiln'), ...args], {
        cwd: project,
        env: { KILN_PROJECT: project, KILN_SPEC: spec ?? '' },
        stdin: 'ignore',
        reject: false,
        maxBuffer: 1 << 30,
      });
      const last: string[] = [];
      for await (const line of child.iterable({ from: 'stderr' })) {
        last.push(line);
        if (last.length > SHOWN) last.shift();
        onLine?.(line);
      }
      const { exitCode, stdout } = await child;
      const answer = parsed(stdout);
      const told = Told.safeParse(answer);
      if (told.success) {
        const { code, message, hint, faults } = told.data.error;
        throw new KilnError({
          code,
          what: message,
          exitCode: exitCode === 1 || exitCode === 2 ? exitCode : 3,
          ...defined({ hint }),
          faults: faults.map(({ where, what, hint: way }) => ({
            where,
            what,
            ...defined({ hint: way }),
          })),
        });
      }
      if ((exitCode === 0 || exitCode === 1) && answer !== undefined) return { code: exitCode, answer };
      throw new KilnError({
        code: 'command-failed',
        what: `kiln ${words.join(' ')} ended with ${exitCode === undefined ? 'a signal' : `exit code ${String(exitCode)}`}\n${last.join('\n')}`,
        hint: `run it by hand: ${replayable('kiln', args)}`,
      });
    },
  };
}
