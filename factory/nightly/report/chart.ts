import { html, type Html } from './html';

/** The size of one night's image. */
export interface Point {
  /** Names the night. */
  readonly label: string;
  /** Bytes. */
  readonly size: number;
}

const [WIDTH, HEIGHT] = [720, 180];
const MIB = 1024 ** 2;
const [LEFT, RIGHT, TOP, BOTTOM] = [72, 16, 16, 28];

/** Round steps for an axis: 1, 2 or 5 times a power of ten. */
function stepOf(span: number): number {
  const rough = span / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10) * power;
}

interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
}

/** Nights differ by little: the axis holds what there is, and says so by its numbers. */
export function axisOf(values: readonly number[]): Axis {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const span = Math.max(most - least, most * 0.002, 1);
  const step = stepOf(span);
  const low = Math.max(0, Math.floor((least - span * 0.1) / step) * step);
  const high = Math.ceil((most + span * 0.1) / step) * step;
  const ticks = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, at) => low + at * step);
  return { low, high, ticks };
}

/** The size of the disk over the nights, the newest at the right; nothing for fewer than two. */
export function sizeChart(points: readonly Point[]): Html {
  if (points.length < 2)
    return html`<p class="quiet">From the second image on, its size over the nights.</p>`;
  // Nights differ by less than two digits of the whole disk: the axis has as many as its steps need, in one unit.
  const sizes = points.map(({ size }) => size / MIB);
  const { low, high, ticks } = axisOf(sizes);
  const digits = high - low < 1 ? 2 : high - low < 10 ? 1 : 0;
  const mebibytes = (value: number, more = 0): string => `${value.toFixed(digits + more)} MiB`;
  const x = (at: number): number => LEFT + (at * (WIDTH - LEFT - RIGHT)) / (points.length - 1);
  const y = (value: number): number =>
    HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const path = sizes.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  const [first, last] = [points[0], points.at(-1)];
  return html`<svg
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    role="img"
    aria-label="Size of the disk over ${points.length} nights, from ${mebibytes(sizes[0] ?? 0, 1)} to ${mebibytes(sizes.at(-1) ?? 0, 1)}"
  >
    ${ticks.map(
      (tick) =>
        html`<line
            class="grid"
            x1="${LEFT}"
            x2="${WIDTH - RIGHT}"
            y1="${y(tick).toFixed(1)}"
            y2="${y(tick).toFixed(1)}"
          /><text class="tick" x="${LEFT - 8}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end"
            >${mebibytes(tick)}</text
          >`,
    )}
    <polyline class="line" points="${path}" />
    ${points.map(
      ({ label, size }, at) =>
        html`<circle class="dot" cx="${x(at).toFixed(1)}" cy="${y(size / MIB).toFixed(1)}" r="3.5"
          ><title>${label}: ${mebibytes(size / MIB, 1)}</title></circle
        >`,
    )}
    <text class="tick" x="${LEFT}" y="${HEIGHT - 8}">${first?.label}</text>
    <text class="tick" x="${WIDTH - RIGHT}" y="${HEIGHT - 8}" text-anchor="end">${last?.label}</text>
  </svg>`;
}
