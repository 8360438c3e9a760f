import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { EBS_BLOCK } from './ebs';

/** Where the fake keeps blocks, each once, by the base64 of its SHA-256. */
export interface FakeBlocks {
  put(checksum: string, data: Uint8Array): void;
  get(checksum: string): Buffer;
}

export class BlocksInMemory implements FakeBlocks {
  private readonly kept = new Map<string, Buffer>();

  put(checksum: string, data: Uint8Array): void {
    if (!this.kept.has(checksum)) this.kept.set(checksum, Buffer.from(data));
  }

  get(checksum: string): Buffer {
    const block = this.kept.get(checksum);
    if (block === undefined) throw new Error(`no block ${checksum}`);
    return block;
  }
}

/** In one file that only grows, for images of real size. */
export class BlocksInFile implements FakeBlocks {
  private readonly file: number;
  private readonly places = new Map<string, number>();

  constructor(path: string) {
    this.file = openSync(path, 'w+');
  }

  put(checksum: string, data: Uint8Array): void {
    if (this.places.has(checksum)) return;
    const place = this.places.size;
    writeSync(this.file, data, 0, data.length, place * EBS_BLOCK);
    this.places.set(checksum, place);
  }

  get(checksum: string): Buffer {
    const place = this.places.get(checksum);
    if (place === undefined) throw new Error(`no block ${checksum}`);
    const block = Buffer.alloc(EBS_BLOCK);
    readSync(this.file, block, 0, EBS_BLOCK, place * EBS_BLOCK);
    return block;
  }

  close(): void {
    closeSync(this.file);
  }
}

/** Keeps nothing: for measuring. */
export class BlocksForgotten implements FakeBlocks {
  put(): void {
    // Checked already; not kept.
  }

  get(): Buffer {
    throw new Error('this fake keeps no blocks');
  }
}
