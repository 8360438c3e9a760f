import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { EBS_BLOCK } from '../api/ebs';

const ZEROS = Buffer.alloc(EBS_BLOCK);
const DIGEST = 32;

/** A disk as its blocks of 512 KiB: which are zero, and the others' SHA-256. 33 bytes a block. */
export class DiskBlocks {
  private constructor(
    readonly count: number,
    private readonly digests: Buffer,
    private readonly filled: Uint8Array,
  ) {}

  static ofSize(bytes: number): DiskBlocks {
    const count = Math.ceil(bytes / EBS_BLOCK);
    return new DiskBlocks(count, Buffer.alloc(count * DIGEST), new Uint8Array(count));
  }

  /** @param digest raw SHA-256 of a block that is not zero. */
  set(index: number, digest: Uint8Array): void {
    this.digests.set(digest, index * DIGEST);
    this.filled[index] = 1;
  }

  /** What is past the end is zero. */
  isZero(index: number): boolean {
    return index >= this.count || this.filled[index] !== 1;
  }

  /** Raw SHA-256 of the block. */
  digest(index: number): Uint8Array {
    return this.isZero(index) ? ZERO_DIGEST : this.digests.subarray(index * DIGEST, (index + 1) * DIGEST);
  }

  isSame(index: number, other: DiskBlocks): boolean {
    if (this.isZero(index) || other.isZero(index)) return this.isZero(index) && other.isZero(index);
    return Buffer.compare(this.digest(index), other.digest(index)) === 0;
  }

  /** How many are not zero. */
  get used(): number {
    return this.filled.reduce((sum, each) => sum + each, 0);
  }
}

/** Raw SHA-256 of a block of zeros. */
const ZERO_DIGEST: Uint8Array = createHash('sha256').update(ZEROS).digest();

/** Blocks that are read in one go: fewer, larger reads. */
const AHEAD = 8;

/**
 * Reads a disk once. 4 MiB of it are in memory at a time.
 * @returns its blocks and the digest of the whole, `sha256:…`, so that a disk which is not what its name says is
 *   found before any of it is sent.
 */
export async function surveyDisk(
  path: string,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<{ readonly blocks: DiskBlocks; readonly digest: string; readonly size: number }> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const blocks = DiskBlocks.ofSize(size);
    const whole = createHash('sha256');
    const buffer = Buffer.alloc(AHEAD * EBS_BLOCK);
    for (let at = 0; at < size;) {
      const got = await readFully(file, buffer, at, Math.min(buffer.length, size - at));
      if (got === 0) break;
      whole.update(buffer.subarray(0, got));
      buffer.fill(0, got);
      for (let offset = 0; offset < got; offset += EBS_BLOCK) {
        const block = buffer.subarray(offset, offset + EBS_BLOCK);
        if (!block.equals(ZEROS))
          blocks.set((at + offset) / EBS_BLOCK, createHash('sha256').update(block).digest());
      }
      at += got;
      onBytes(got);
    }
    return { blocks, digest: `sha256:${whole.digest('hex')}`, size };
  } finally {
    await file.close();
  }
}

interface Readable {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
}

async function readFully(file: Readable, buffer: Buffer, position: number, length: number): Promise<number> {
  let got = 0;
  while (got < length) {
    const { bytesRead } = await file.read(buffer, got, length - got, position + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got;
}

/** Reads one block into `buffer`; what is past the disk's end is zero. */
export async function readBlock(file: Readable, index: number, buffer: Buffer): Promise<void> {
  buffer.fill(0, await readFully(file, buffer, index * EBS_BLOCK, EBS_BLOCK));
}
