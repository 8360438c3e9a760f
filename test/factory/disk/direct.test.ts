import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { alignedBuffers, DirectWriter, openDirect } from '../../../factory/disk/direct';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A file of so many bytes that begins with those; the rest are holes. */
function fileIn(parent: string, bytes: Buffer, size: number): string {
  const folder = mkdtempSync(join(parent, 'kiln-direct-'));
  folders.push(folder);
  const file = join(folder, 'disk');
  writeFileSync(file, bytes);
  truncateSync(file, size);
  return file;
}

describe('bytes written past the page cache', () => {
  // Not every kernel lets a file system in memory be written so: then they go the usual way.
  it.each([tmpdir(), '/dev/shm'])(
    'are in the file, aligned or not, and nothing else of it changes: in %s',
    async (parent) => {
      const file = fileIn(parent, Buffer.alloc(0), 64 * 4096);
      const expected = Buffer.alloc(64 * 4096);
      const [one, two] = alignedBuffers(2, 8 * 4096) as [Buffer, Buffer];
      one.fill('one ');
      two.fill('two ');
      const writer = await DirectWriter.open(file);
      for (const [bytes, at] of [
        [one, 0],
        [two, 16 * 4096],
        [one.subarray(0, 5000), 30 * 4096],
        [two.subarray(0, 4096), 40 * 4096 + 7],
        [two.subarray(3, 3 + 4096), 50 * 4096],
        [one, 56 * 4096],
      ] as const) {
        await writer.write(bytes, at);
        bytes.copy(expected, at);
      }
      await writer.close();
      expect(readFileSync(file).equals(expected)).toBe(true);
    },
  );

  it.each([tmpdir(), '/dev/shm'])(
    'are read past it as they were written by whatever way: in %s',
    async (parent) => {
      const file = fileIn(parent, Buffer.alloc(3 * 4096, 'text'), 16 * 4096);
      const [bytes] = alignedBuffers(1, 16 * 4096) as [Buffer];
      bytes.fill('x');
      const reader = await openDirect(file);
      const { bytesRead } = await reader.read(bytes, 0, bytes.length, 0);
      await reader.close();
      expect(bytesRead).toBe(bytes.length);
      expect(readFileSync(file).equals(bytes)).toBe(true);
    },
  );

  it('do not go to a file that is not there', async () => {
    await expect(DirectWriter.open('/nonexistent/disk')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(openDirect('/nonexistent/disk')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
