/* How sizes and durations read, wherever a person sees one: docs, tables and progress agree then. */

const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Two significant digits: one behind the point below 10, whole numbers from there. */
const short = (value: number): string => (value < 9.95 ? value.toFixed(1) : value.toFixed(0));

/** Bytes as `0 B`, `512 B`, `1.5 KiB`, `23 MiB`, `2.9 GiB`: binary units, two significant digits. */
export function formatSize(bytes: number): string {
  let [value, unit] = [bytes, 0];
  // What rounds to 1024 is one of the next unit.
  while (Math.round(value) >= 1024 && unit < SIZES.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? String(Math.round(value)) : short(value)} ${SIZES[unit] ?? ''}`;
}

/** How much larger or smaller something became: `+12 MiB`, `−1.5 KiB`. */
export const formatSizeChange = (bytes: number): string =>
  `${bytes < 0 ? '−' : '+'}${formatSize(Math.abs(bytes))}`;

/** Milliseconds as `340 ms`, `6.3 s`, `42 s`, `2 min 5 s`, `1 h 12 min`, `3 d 4 h`. */
export function formatDuration(milliseconds: number): string {
  if (Math.round(milliseconds) < 1000) return `${milliseconds.toFixed(0)} ms`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${short(milliseconds / 1000)} s`;
  if (seconds < 3600) return two(seconds, 60, 'min', 's');
  const minutes = Math.round(seconds / 60);
  return minutes < 48 * 60 ? two(minutes, 60, 'h', 'min') : two(Math.round(minutes / 60), 24, 'd', 'h');
}

function two(count: number, each: number, large: string, small: string): string {
  const rest = count % each;
  return `${String(Math.floor(count / each))} ${large}${rest === 0 ? '' : ` ${String(rest)} ${small}`}`;
}
