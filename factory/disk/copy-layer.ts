import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { readAhead } from './read-ahead';
import { writeWhole } from './whole';

/** Numbers of a piece: its byte of the tar, its bytes, its byte of the disk or NOWHERE. */
export const PIECE = 3;
export const NOWHERE = -1;

export interface CopyTask {
  readonly kind: 'copy';
  readonly tar: string;
  /** File that is there. */
  readonly disk: string;
  /** PIECE numbers each, in the order of the tar; no two share a byte of it. */
  readonly pieces: Float64Array;
}

export interface Copied {
  /** sha256 of the tar, `sha256:…`. */
  readonly digest: string;
  /** sha256 over what no piece has. */
  readonly frame: string;
}

/** Reads a tar once, from end to end: every piece goes to its offset, and the very same bytes are hashed. */
export async function copyLayer(task: CopyTask, onBytes: (bytes: number) => void): Promise<Copied> {
  const { pieces } = task;
  const whole = createHash('sha256');
  const frame = createHash('sha256');
  const tar = await open(task.tar, 'r');
  const disk = openSync(task.disk, 'r+');
  try {
    const { size: length } = await tar.stat();
    let piece = 0;
    for await (const { from, bytes: chunk } of readAhead([{ at: 0, size: length }], () => tar)) {
      const end = from + chunk.length;
      whole.update(chunk);
      for (let at = from; at < end;) {
        const [start = Infinity, size = 0, to = 0] = pieces.subarray(piece, piece + PIECE);
        const until = Math.min(end, at < start ? start : start + size);
        const bytes = chunk.subarray(at - from, until - from);
        if (at < start) frame.update(bytes);
        else if (to !== NOWHERE) writeWhole(disk, bytes, to + at - start);
        if (until === start + size) piece += PIECE;
        at = until;
      }
      onBytes(chunk.length);
    }
    return { digest: `sha256:${whole.digest('hex')}`, frame: frame.digest('hex') };
  } finally {
    await tar.close();
    closeSync(disk);
  }
}
