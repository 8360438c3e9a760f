import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { INPUTS, type KeptInputs } from './kept-inputs';
import { notThat } from './kept-inputs-directory';
import type { ObjectStore } from '../objects/object-store';

const keyOf = (sha256: string): string => `${INPUTS}/${sha256.slice(0, 2)}/${sha256}`;

/** Inputs in a bucket, below `inputs/`. */
export class BucketInputs implements KeptInputs {
  readonly remote = true;

  constructor(
    private readonly bucket: ObjectStore,
    readonly where: string,
  ) {}

  async size(sha256: string): Promise<number | undefined> {
    return (await this.bucket.head(keyOf(sha256)))?.size;
  }

  async list(): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    for await (const { key, size } of this.bucket.list(`${INPUTS}/`)) {
      const name = key.split('/').at(-1) ?? '';
      if (key === keyOf(name) && /^[0-9a-f]{64}$/.test(name)) found.set(name, size);
    }
    return found;
  }

  open(sha256: string): Promise<AsyncIterable<Uint8Array>> {
    return this.bucket.get(keyOf(sha256));
  }

  async put(sha256: string, file: string): Promise<void> {
    // Before, not after: in a bucket a wrong object would be seen until it is removed.
    const hash = createHash('sha256');
    await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
    const got = hash.digest('hex');
    if (got !== sha256) throw notThat(file, sha256, got);
    await this.bucket.put(keyOf(sha256), { file });
  }

  async remove(sha256: string): Promise<void> {
    await this.bucket.remove(keyOf(sha256));
  }
}
