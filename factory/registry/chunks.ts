import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { DiskIndex } from '../contracts/disk-index';

/** Bytes of a chunk: the grain at which the disk is laid out and clouds count snapshots (docs/decisions/chunks.md). */
export const CHUNK = 512 * 1024;

/** Bytes read at a time. */
const READ = 4 * CHUNK;

const hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Reads a disk once: its digest and the chunks that are not all zero. `onBytes` gets what was read. */
export async function indexDisk(
  path: string,
  onBytes: (count: number) => void = () => undefined,
): Promise<DiskIndex> {
  const whole = createHash('sha256');
  const zeros = Buffer.alloc(CHUNK);
  const chunks: [number, string][] = [];
  const file = await open(path, 'r');
  let size = 0;
  try {
    const buffer = Buffer.alloc(READ);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, READ, size);
      if (bytesRead === 0) break;
      // A regular file is read short only at its end, or a part of a chunk would be taken for a whole one.
      if (bytesRead < READ && (await file.stat()).size !== size + bytesRead)
        throw new Error(`${path} changed while it was read`);
      whole.update(buffer.subarray(0, bytesRead));
      for (let start = 0; start < bytesRead; start += CHUNK) {
        const chunk = buffer.subarray(start, Math.min(start + CHUNK, bytesRead));
        if (!zeros.subarray(0, chunk.length).equals(chunk)) chunks.push([(size + start) / CHUNK, hex(chunk)]);
      }
      size += bytesRead;
      onBytes(bytesRead);
    }
  } finally {
    await file.close();
  }
  return { version: 1, digest: `sha256:${whole.digest('hex')}`, size, chunk: CHUNK, chunks };
}

/** Bytes of the chunk at a position: the last of a disk may be shorter. */
export const lengthAt = ({ size, chunk }: Pick<DiskIndex, 'size' | 'chunk'>, position: number): number =>
  Math.min(chunk, size - position * chunk);
