import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/*
 * Writing past the page cache, where the file system can: what was read once and is written once need not be kept, and
 * pages for it took longer than all else of a bake that changes little (docs/speed.md).
 */

/** Bytes that places, sizes and memory must be multiples of, for any device. */
const ALIGNED = 4096;

/** Node has it; TypeScript knows it of browsers alone. */
declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
};

/** Buffers at addresses that direct writes take: a WebAssembly memory begins at a page. */
export function alignedBuffers(count: number, size: number): Buffer[] {
  const page = 64 * 1024;
  const memory = new WebAssembly.Memory({ initial: Math.ceil((count * size) / page) });
  return Array.from({ length: count }, (_, index) => Buffer.from(memory.buffer, index * size, size));
}

const isRefused = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EINVAL';

/**
 * A file to be read past the page cache, where the file system can: of holes the cache would hold zeros. Places, sizes
 * and memory of a read must be multiples of ALIGNED.
 */
export async function openDirect(path: string): Promise<FileHandle> {
  let direct: FileHandle | undefined;
  try {
    direct = await open(path, constants.O_RDONLY | constants.O_DIRECT);
    // Some say it only when they are asked for bytes.
    await direct.read(alignedBuffers(1, ALIGNED)[0] ?? Buffer.alloc(0), 0, ALIGNED, 0);
    return direct;
  } catch (error) {
    await direct?.close();
    if (!isRefused(error)) throw error;
    return await open(path, 'r');
  }
}

/** Writes to one file, past the page cache as long as the kernel takes it. */
export class DirectWriter {
  private constructor(
    private readonly buffered: FileHandle,
    private direct: FileHandle | undefined,
  ) {}

  static async open(path: string): Promise<DirectWriter> {
    const buffered = await open(path, 'r+');
    try {
      return new DirectWriter(buffered, await open(path, constants.O_WRONLY | constants.O_DIRECT));
    } catch (error) {
      if (isRefused(error)) return new DirectWriter(buffered, undefined);
      await buffered.close();
      throw error;
    }
  }

  /** All of the bytes, at that byte of the file. */
  async write(bytes: Buffer, at: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const file =
        (at + done) % ALIGNED === 0 && (bytes.length - done) % ALIGNED === 0 ? this.direct : undefined;
      try {
        const { bytesWritten } = await (file ?? this.buffered).write(
          bytes,
          done,
          bytes.length - done,
          at + done,
        );
        done += bytesWritten;
      } catch (error) {
        if (file === undefined || !isRefused(error)) throw error;
        this.direct = undefined;
        await file.close();
      }
    }
  }

  async close(): Promise<void> {
    await this.direct?.close();
    await this.buffered.close();
  }
}
