/** Whether a version comes before another, by its leading numbers: 3.9 before 3.10, 8 not before 8.0, 40.0rc1 not before 40. */
export function isBefore(version: string, bound: string): boolean {
  const [left, right] = [version, bound].map((text) =>
    text.split('.').map((part) => Number.parseInt(part, 10) || 0),
  ) as [number[], number[]];
  for (const [place, number] of right.entries()) {
    const difference = (left[place] ?? 0) - number;
    if (difference !== 0) return difference < 0;
  }
  return false;
}
