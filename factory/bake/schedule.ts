/** A step of a bake, as far as its turn depends on it. */
export interface Step {
  readonly name: string;
  /** Steps that must have ended; those that are not among the steps have. */
  readonly needs: readonly string[];
  /** Threads that it keeps busy. */
  readonly threads: number;
  /** MiB that it needs at its peak. */
  readonly memory: number;
  /** What it took before, or about what it takes: only the order comes of it. */
  readonly seconds: number;
}

/** What steps side by side may take of the machine. */
export interface Bounds {
  readonly threads: number;
  /** MiB. */
  readonly memory: number;
}

/** Seconds from the beginning of each step to the end of the last one that waits for it. */
export function remaining(steps: readonly Step[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const of = ({ name, seconds }: Step): number => {
    const known = found.get(name);
    if (known !== undefined) return known;
    const after = steps.filter(({ needs }) => needs.includes(name)).map(of);
    const all = seconds + Math.max(0, ...after);
    found.set(name, all);
    return all;
  };
  for (const step of steps) of(step);
  return found;
}

/**
 * Which steps begin now: of those whose needs have ended, first what others wait for longest, as long as threads and
 * memory are enough. One that asks for more than the machine has runs alone.
 */
export function beginning(
  steps: readonly Step[],
  ended: ReadonlySet<string>,
  running: ReadonlySet<string>,
  bounds: Bounds,
): readonly Step[] {
  const left = remaining(steps);
  const known = new Set(steps.map(({ name }) => name));
  const busy = steps.filter(({ name }) => running.has(name));
  let threads = busy.reduce((sum, step) => sum + step.threads, 0);
  let memory = busy.reduce((sum, step) => sum + step.memory, 0);
  let count = busy.length;
  const ready = steps
    .filter(({ name }) => !ended.has(name) && !running.has(name))
    .filter(({ needs }) => needs.every((need) => ended.has(need) || !known.has(need)))
    .sort((a, b) => (left.get(b.name) ?? 0) - (left.get(a.name) ?? 0));
  const begun: Step[] = [];
  for (const step of ready) {
    // A step of two threads may begin beside one of one on two processors: each then waits for the other a little, and
    // none is idle.
    const fits = threads < bounds.threads && memory + step.memory <= bounds.memory;
    if (count > 0 && !fits) continue;
    begun.push(step);
    threads += step.threads;
    memory += step.memory;
    count += 1;
  }
  return begun;
}

/**
 * Runs all steps, each when its turn has come. When one fails no other begins, those that run are told to end by their
 * signal, and the error of the one that failed first is thrown when all have ended.
 */
export async function runSteps(
  steps: readonly Step[],
  bounds: Bounds,
  run: (step: Step, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const ended = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const cancel = new AbortController();
  const failures: unknown[] = [];
  const begin = (step: Step): void => {
    const doing = run(step, cancel.signal).then(
      () => {
        ended.add(step.name);
        running.delete(step.name);
      },
      (error: unknown) => {
        failures.push(error);
        running.delete(step.name);
        cancel.abort();
      },
    );
    running.set(step.name, doing);
  };
  for (;;) {
    if (failures.length === 0)
      for (const step of beginning(steps, ended, new Set(running.keys()), bounds)) begin(step);
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  if (failures.length > 0) throw failures[0];
}
