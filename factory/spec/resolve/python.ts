import type { SparkLine } from '../compatibility';

/** What Python a Spark line runs on, in words: `2.7 or 3.4 to 3.6`. */
export function pythonRange({ python: { min, max, two } }: SparkLine): string {
  const three = max === undefined ? `3.${String(min)} or later` : `3.${String(min)} to 3.${String(max)}`;
  return two === true ? `2.7 or ${three}` : three;
}

/** What the solver must keep to, as conda writes it, and the same in words. */
export function pythonBounds(line: SparkLine): { readonly spec: string; readonly words: string } {
  const { min, max, two } = line.python;
  const least = two === true ? '2.7' : `3.${String(min)}`;
  const most = max === undefined ? '4' : `3.${String(max + 1)}`;
  return {
    spec: `python >=${least},<${most}.0a0`,
    words: `Spark ${line.line} runs on Python ${pythonRange(line)}`,
  };
}

/** Whether a version of Python, such as 3.13.5, is one that this Spark runs on. */
export function runsOnPython({ python }: SparkLine, version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major === 2) return python.two === true && minor === 7;
  return major === 3 && minor >= python.min && minor <= (python.max ?? Infinity);
}
