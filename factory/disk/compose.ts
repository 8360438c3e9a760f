import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { allEnded } from '../all-ended';
import { MIB } from './layout';

/** What stands on the disk from `start` on: a file's bytes, then zeros up to the next part. */
export interface DiskPart {
  readonly file: string;
  readonly start: number;
}

/** Bytes at once; a hole is as long as a whole one of zeros. */
const CHUNK = MIB;
const ZEROS = Buffer.alloc(CHUNK);

interface Piece {
  readonly from: FileHandle;
  /** Byte of the source, byte of the disk. */
  readonly at: number;
  readonly to: number;
  /** Bytes. */
  readonly length: number;
}

/** A piece's bytes in that buffer; zeros where the source has ended. */
async function read(piece: Piece | undefined, buffer: Buffer): Promise<Buffer> {
  if (piece === undefined) return buffer;
  let filled = 0;
  while (filled < piece.length) {
    const { bytesRead } = await piece.from.read(buffer, filled, piece.length - filled, piece.at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.fill(0, filled, piece.length).subarray(0, piece.length);
}

function piecesOf(
  sources: readonly FileHandle[],
  target: FileHandle,
  parts: readonly DiskPart[],
  size: number,
): Piece[] {
  const pieces: Piece[] = [];
  const add = (source: FileHandle | undefined, start: number, end: number): void => {
    for (let to = start; to < end; to += CHUNK)
      pieces.push({
        from: source ?? target,
        at: source === undefined ? to : to - start,
        to,
        length: Math.min(CHUNK, end - to),
      });
  };
  const behind = size - MIB;
  add(undefined, 0, parts[0]?.start ?? behind);
  for (const [index, { start }] of parts.entries())
    add(sources[index], start, parts[index + 1]?.start ?? behind);
  add(undefined, behind, size);
  return pieces;
}

/**
 * Puts the partitions into a disk that has its table already (a MiB in front, one behind), and counts the disk's
 * sha256 in the same pass: each byte is read once, zeros stay holes, three chunks are in memory.
 * @param parts in the order of the disk.
 * @param size of the disk in bytes.
 * @returns 64 hex digits.
 */
export async function composeDisk(disk: string, parts: readonly DiskPart[], size: number): Promise<string> {
  const hash = createHash('sha256');
  const sources = await Promise.all(parts.map(({ file }) => open(file, 'r')));
  const target = await open(disk, 'r+');
  const write = async (piece: Piece | undefined, chunk: Buffer): Promise<void> => {
    if (piece === undefined || piece.from === target || chunk.equals(ZEROS.subarray(0, chunk.length))) return;
    await target.write(chunk, 0, chunk.length, piece.to);
  };
  try {
    const pieces = piecesOf(sources, target, parts, size);
    const buffers = [0, 1, 2].map(() => Buffer.allocUnsafe(CHUNK)) as [Buffer, Buffer, Buffer];
    let [before, now, next] = buffers;
    [now] = await Promise.all([read(pieces[0], now)]);
    for (const index of pieces.keys()) {
      // While a chunk is counted, the one before it is written and the one behind it is read.
      const others = allEnded([read(pieces[index + 1], next), write(pieces[index - 1], before)]);
      hash.update(now);
      const [ahead] = await others;
      [before, now, next] = [now, ahead, before];
    }
    await write(pieces.at(-1), before);
    return hash.digest('hex');
  } finally {
    await Promise.all([...sources, target].map((handle) => handle.close()));
  }
}
