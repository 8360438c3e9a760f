import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Project } from '../project';

const Step = z.strictObject({
  milliseconds: z.int().nonnegative(),
  /** 0: the step counts none. */
  bytes: z.int().nonnegative(),
});
/** What a step took when it was last done here, and not taken from the cache. */
export type StepBefore = z.infer<typeof Step>;

const Steps = z.record(z.string(), Step);
export type StepsBefore = Readonly<Record<string, StepBefore>>;

const file = (project: Project): string => join(project.state, 'bakes', 'steps.json');

/** Empty where nothing was baked yet: nothing is guessed then. */
export function stepsBefore(project: Project): StepsBefore {
  if (!existsSync(file(project))) return {};
  try {
    return Steps.parse(JSON.parse(readFileSync(file(project), 'utf8')));
  } catch {
    return {};
  }
}

export function rememberSteps(
  project: Project,
  done: readonly {
    readonly step: string;
    readonly cached: boolean;
    readonly milliseconds: number;
    readonly bytes: number;
  }[],
): void {
  const now = Object.fromEntries(
    done
      .filter(({ cached }) => !cached)
      .map(({ step, milliseconds, bytes }) => [step, { milliseconds, bytes }]),
  );
  mkdirSync(join(project.state, 'bakes'), { recursive: true });
  writeFileSync(`${file(project)}.tmp`, `${JSON.stringify({ ...stepsBefore(project), ...now }, null, 2)}\n`);
  renameSync(`${file(project)}.tmp`, file(project));
}
