import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { DirectWriter, openDirect } from './direct';
import { CHUNK, readAhead } from './read-ahead';
import { OWN, OWN_HOLES } from './segments';

/** Numbers of a run: its byte of the disk, its bytes, its byte of the previous image, or OWN or OWN_HOLES. */
const RUN = 3;
/** Numbers of a gap: its byte of the disk, its bytes. */
const GAP = 2;

export interface FillTask {
  readonly kind: 'fill';
  readonly disk: string;
  /** Bytes of the disk. */
  readonly size: number;
  /** The disk that is taken from, if any; what stands at the same byte of both is written by another task (copy-contents.ts). */
  readonly previous: string | undefined;
  /** RUN numbers each, in the order of the disk; all else of it is zeros. */
  readonly runs: Float64Array;
  /** GAP numbers each, in the order of the disk: zeros within runs. */
  readonly gaps: Float64Array;
}

/** A run as it is read. */
interface RunRead {
  /** Byte of the file it is read from. */
  readonly at: number;
  readonly size: number;
  /** Byte of the disk. */
  readonly start: number;
  readonly file: 'previous' | 'disk' | 'holes';
}

function* runs(numbers: Float64Array): Generator<RunRead> {
  for (let index = 0; index < numbers.length; index += RUN) {
    const [start = 0, size = 0, from = OWN] = numbers.subarray(index, index + RUN);
    const file = from === OWN_HOLES ? 'holes' : from === OWN ? 'disk' : 'previous';
    yield { at: file === 'previous' ? from : start, size, start, file };
  }
}

/** Clears gaps in what was read of a run; asked for in the order of the disk. */
function clearing(gaps: Float64Array): (bytes: Buffer, start: number) => void {
  let next = 0;
  return (bytes, start) => {
    const end = start + bytes.length;
    for (; next < gaps.length; next += GAP) {
      const [at = 0, size = 0] = gaps.subarray(next, next + GAP);
      if (at >= end) return;
      // Zeros that the disk has itself are not asked about.
      if (at + size <= start) continue;
      bytes.fill(0, Math.max(0, at - start), Math.min(bytes.length, at + size - start));
      if (at + size > end) return;
    }
  };
}

/**
 * Goes over a disk once, from end to end: what the previous image has at another offset comes from there, and every byte is hashed.
 * Zeros that were never written are neither read nor written: they are hashed from memory.
 * @returns sha256 of the disk, 64 hex digits.
 */
export async function fillDisk(task: FillTask, onBytes: (bytes: number) => void): Promise<string> {
  const hash = createHash('sha256');
  const zeros = Buffer.alloc(CHUNK);
  let counted = 0;
  const countZeros = (until: number): void => {
    while (counted < until) {
      const size = Math.min(CHUNK, until - counted);
      hash.update(zeros.subarray(0, size));
      counted += size;
      onBytes(size);
    }
  };
  const clear = clearing(task.gaps);
  const disk = await open(task.disk, 'r');
  let holes: FileHandle | undefined;
  let previous: FileHandle | undefined;
  let writer: DirectWriter | undefined;
  let writing = Promise.resolve();
  try {
    holes = await openDirect(task.disk);
    const files = { disk, holes, previous: disk };
    if (task.previous !== undefined) {
      previous = await open(task.previous, 'r');
      files.previous = previous;
      writer = await DirectWriter.open(task.disk);
    }
    for await (const { of, from, bytes } of readAhead(runs(task.runs), ({ file }) => files[file])) {
      const start = of.start + from;
      countZeros(start);
      const before = writing;
      if (of.file === 'previous') {
        clear(bytes, start);
        if (writer !== undefined && of.at !== of.start) {
          writing = writer.write(bytes, start);
          // It is awaited when the next bytes were counted.
          writing.catch(() => undefined);
        }
      }
      hash.update(bytes);
      counted += bytes.length;
      onBytes(bytes.length);
      await before;
    }
    countZeros(task.size);
    return hash.digest('hex');
  } finally {
    await writing.finally(async () => {
      await disk.close();
      await holes?.close();
      await previous?.close();
      await writer?.close();
    });
  }
}
