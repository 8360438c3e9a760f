import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { open, rename, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KilnError } from '../errors';

/** What a stream turned out to be. */
export interface StoredContent {
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
  /** Hex; Maven repositories publish this one beside each file. */
  readonly sha1: string;
}

/**
 * Files by their sha256 in one folder: `ab/abcd…`. A file is written aside, judged, and only then
 * renamed into place, so that what has a name here is whole and right.
 */
export class ContentStore {
  constructor(private readonly folder: string) {}

  /** The lock that writers hold (see withLock): one process downloads, others wait and find. */
  get lock(): string {
    return join(this.folder, 'lock');
  }

  path(sha256: string): string {
    return join(this.folder, sha256.slice(0, 2), sha256);
  }

  /** Bytes of the file, undefined where there is none. */
  size(sha256: string): number | undefined {
    return statSync(this.path(sha256), { throwIfNoEntry: false })?.size;
  }

  /** All that is here, sorted. */
  list(): string[] {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name))
      .map((entry) => entry.name)
      .sort();
  }

  /** sha256 of what the file holds now. */
  async hash(sha256: string): Promise<string> {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(this.path(sha256), { highWaterMark: 1 << 20 })) {
      hash.update(chunk as Buffer);
    }
    return hash.digest('hex');
  }

  async remove(sha256: string): Promise<void> {
    await rm(this.path(sha256), { force: true });
  }

  /** Bytes free for this user where the store is. */
  async free(): Promise<number> {
    mkdirSync(this.folder, { recursive: true });
    const fs = await statfs(this.folder);
    return fs.bavail * fs.bsize;
  }

  /** Removes what a killed writer left. Only for the holder of the lock. */
  sweep(): void {
    rmSync(join(this.folder, 'tmp'), { recursive: true, force: true });
  }

  /**
   * Writes a stream, lets `judge` look at what came (it throws to refuse), and keeps it. Nothing of
   * a refused or broken stream is left. Only for the holder of the lock.
   * @param limit bytes after which the stream is cut: more than was promised is wrong already.
   */
  async add(
    key: string,
    chunks: AsyncIterable<Uint8Array>,
    limit: number,
    judge: (content: StoredContent) => void,
    onBytes: (count: number) => void = () => undefined,
  ): Promise<StoredContent> {
    const temporary = join(this.folder, 'tmp', key);
    mkdirSync(dirname(temporary), { recursive: true });
    const sha256 = createHash('sha256');
    const sha1 = createHash('sha1');
    let size = 0;
    try {
      const file = await open(temporary, 'w', 0o444);
      try {
        for await (const chunk of chunks) {
          size += chunk.length;
          if (size > limit) break;
          sha256.update(chunk);
          sha1.update(chunk);
          await file.write(chunk);
          onBytes(chunk.length);
        }
      } finally {
        await file.close();
      }
      const content = { size, sha256: sha256.digest('hex'), sha1: sha1.digest('hex') };
      judge(content);
      const target = this.path(content.sha256);
      mkdirSync(dirname(target), { recursive: true });
      await rename(temporary, target);
      return content;
    } catch (error) {
      await rm(temporary, { force: true });
      if (error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')) {
        throw noSpace(this.folder, error);
      }
      throw error;
    }
  }
}

export const noSpace = (folder: string, cause?: unknown): KilnError =>
  new KilnError({
    code: 'no-space',
    what: `no space left in ${folder}`,
    hint: 'free some, or name another cache: KILN_CACHE=FOLDER kiln …',
    cause,
  });
