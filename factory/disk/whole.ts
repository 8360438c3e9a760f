import { readSync, writeSync } from 'node:fs';

/** Writes all of the bytes at that byte of the file. */
export function writeWhole(file: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length;)
    done += writeSync(file, bytes, done, bytes.length - done, at + done);
}

/** Fills the buffer from that byte of the file on; shorter only where the file ends. */
export function readWhole(file: number, buffer: Buffer, at: number): Buffer {
  let filled = 0;
  while (filled < buffer.length) {
    const got = readSync(file, buffer, filled, buffer.length - filled, at + filled);
    if (got === 0) break;
    filled += got;
  }
  return buffer.subarray(0, filled);
}

const ZEROS = Buffer.alloc(1 << 20);

/** Writes so many zeros at that byte. */
export function clearWhole(file: number, size: number, at: number): void {
  for (let done = 0; done < size; done += ZEROS.length)
    writeWhole(file, ZEROS.subarray(0, Math.min(ZEROS.length, size - done)), at + done);
}
