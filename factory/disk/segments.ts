import { BLOCK, blocksOf } from './erofs';
import type { FillTask } from './fill';

/** A stretch of the disk that is not of zeros. */
export interface Segment {
  /** First byte on the disk. */
  readonly start: number;
  readonly size: number;
  /** Byte of the previous image's disk that it is taken from; undefined when it is no content of it. */
  readonly from?: number;
  /** Whether hardly any of it was ever written, where it is no content of the previous image. */
  readonly isHoles?: boolean;
}

/** A stretch that is read and counted in one go; it may have zeros in it. */
export interface Run {
  /** First byte on the disk. */
  readonly start: number;
  readonly size: number;
  /** First byte on the previous image's disk; OWN or OWN_HOLES when it is read from the disk itself. */
  readonly from: number;
}
export const OWN = -1;
export const OWN_HOLES = -2;

/** Zeros of up to so many bytes between two segments are read along. */
const JOIN = 64 * 1024;

/** Segments in the order of the disk, those that lie close together as one: what is read at once. */
export function runsOf(segments: readonly Segment[]): Run[] {
  const runs: Run[] = [];
  for (const { start, size, from, isHoles } of segments) {
    const last = runs.at(-1);
    const own = isHoles === true ? OWN_HOLES : OWN;
    const fits =
      last !== undefined &&
      start - (last.start + last.size) <= JOIN &&
      (from === undefined || last.from < 0
        ? last.from === (from ?? own)
        : from - start === last.from - last.start);
    if (fits) runs[runs.length - 1] = { ...last, size: start + size - last.start };
    else runs.push({ start, size, from: from ?? own });
  }
  return runs;
}

/** What lies between segments in a run: zeros on the disk, whatever the previous image has there. */
export function gapsOf(segments: readonly Segment[], runs: readonly Run[]): Segment[] {
  const gaps: Segment[] = [];
  let next = 0;
  for (const run of runs) {
    let at = run.start;
    for (; next < segments.length; next += 1) {
      const segment = segments[next];
      if (segment === undefined || segment.start >= run.start + run.size) break;
      if (segment.start > at) gaps.push({ start: at, size: segment.start - at });
      at = segment.start + segment.size;
    }
    const end = run.start + run.size;
    if (end > at) gaps.push({ start: at, size: end - at });
  }
  return gaps;
}

/** Whole blocks of 4096 bytes and where their digests come from. */
export interface Blocks {
  /** First byte of them on the disk. */
  readonly start: number;
  readonly blocks: number;
  /** Byte of the previous image's disk where their digests stand, one behind the other; undefined: they are to be counted. */
  readonly digests?: number;
}

/**
 * The segments by blocks, for the hash tree.
 * @param digestAt byte of the previous image's disk where the digest of the block at that byte of it stands.
 */
export function blocksWithDigests(
  segments: readonly Segment[],
  digestAt: (byte: number) => number,
): Blocks[] {
  const all: Blocks[] = [];
  let lastShift: number | undefined;
  for (const { start, size, from } of segments) {
    const blocks = blocksOf(size);
    const digests = from === undefined ? {} : { digests: digestAt(from) };
    const last = all.at(-1);
    const isNext = last !== undefined && last.start + last.blocks * BLOCK === start;
    const shift = from === undefined ? undefined : from - start;
    if (isNext && shift === lastShift) all[all.length - 1] = { ...last, blocks: last.blocks + blocks };
    else all.push({ start, blocks, ...digests });
    lastShift = shift;
  }
  return all;
}

const numbers = (rows: readonly (readonly number[])[]): Float64Array => Float64Array.from(rows.flat());

/** To whole blocks: the rest of its last one is zeros. */
const whole = (run: Run): Run => ({ ...run, size: blocksOf(run.size) * BLOCK });

/** The task that goes over a disk of those segments, which are in its order and begin where blocks do. */
export function fillOf(
  segments: readonly Segment[],
  rest: Pick<FillTask, 'disk' | 'size' | 'previous'>,
): FillTask {
  const runs = runsOf(segments).map(whole);
  return {
    kind: 'fill',
    ...rest,
    runs: numbers(runs.map(({ start, size, from }) => [start, size, from])),
    gaps: numbers(gapsOf(segments, runs).map(({ start, size }) => [start, size])),
  };
}
