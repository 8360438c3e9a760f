import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { RandomAccessReader } from 'yauzl';

/** Bytes read ahead: a directory of 400,000 entries is read in some dozens of steps, not two an entry. */
const WINDOW = 1 << 20;

/** A zip's file, read through a window. */
export class WindowReader extends RandomAccessReader {
  private readonly descriptor: number;
  private readonly window = Buffer.alloc(WINDOW);
  private start = 0;
  private end = 0;

  constructor(private readonly file: string) {
    super();
    this.descriptor = openSync(file, 'r');
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return createReadStream(this.file, { start, end: end - 1 });
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    process.nextTick(() => {
      try {
        this.fill(buffer.subarray(offset, offset + length), position);
      } catch (error) {
        callback(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      callback(null);
    });
  }

  override close(callback: (error: Error | null) => void): void {
    closeSync(this.descriptor);
    process.nextTick(callback, null);
  }

  private fill(target: Buffer, position: number): void {
    for (let done = 0; done < target.length;) {
      const at = position + done;
      if (at < this.start || at >= this.end) {
        this.start = at;
        this.end = at + readSync(this.descriptor, this.window, 0, WINDOW, at);
        if (this.end === at) throw new Error('is cut short');
      }
      done += this.window.copy(target, done, at - this.start, this.end - this.start);
    }
  }
}
