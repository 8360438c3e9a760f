import type { FileHandle } from 'node:fs/promises';
import { alignedBuffers } from './direct';

/** Bytes read at once. */
export const CHUNK = 4 * 1024 * 1024;
/** One that is used, one that is read, and one of before that may still be written somewhere. */
const BUFFERS = 3;

/** A stretch of a file. */
export interface Stretch {
  readonly at: number;
  readonly size: number;
}

/** What of a stretch was read. */
export interface Read<S extends Stretch> {
  readonly of: S;
  /** Bytes into the stretch. */
  readonly from: number;
  /** Good until the one after the next is asked for. */
  readonly bytes: Buffer;
}

function* pieces<S extends Stretch>(
  stretches: Iterable<S>,
): Generator<{ readonly of: S; readonly from: number; readonly size: number }> {
  for (const of of stretches) {
    for (let from = 0; from < of.size; from += CHUNK)
      yield { of, from, size: Math.min(CHUNK, of.size - from) };
  }
}

/**
 * Reads stretches of files in the order given; the next bytes are read while those before are used.
 * @param file says which file a stretch is of.
 * @throws Error when a file ends too early.
 */
export async function* readAhead<S extends Stretch>(
  stretches: Iterable<S>,
  file: (stretch: S) => FileHandle,
): AsyncGenerator<Read<S>> {
  const buffers = alignedBuffers(BUFFERS, CHUNK);
  let turn = 0;
  const waiting = pieces(stretches);
  const begin = (): Promise<Read<S>> | undefined => {
    const next = waiting.next();
    if (next.done === true) return undefined;
    const { of, from, size } = next.value;
    const bytes = (buffers[turn] ?? Buffer.allocUnsafe(CHUNK)).subarray(0, size);
    turn = (turn + 1) % BUFFERS;
    const reading = fill(file(of), bytes, of.at + from).then(() => ({ of, from, bytes }));
    // It is awaited later, or nobody is interested any more.
    reading.catch(() => undefined);
    return reading;
  };
  for (let reading = begin(); reading !== undefined;) {
    const read = await reading;
    reading = begin();
    yield read;
  }
}

async function fill(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let filled = 0; filled < bytes.length;) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, at + filled);
    if (bytesRead === 0) throw new Error('a file ends too early');
    filled += bytesRead;
  }
}
