import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Digest, Name, Sha256 } from '../contracts/digest';
import { MANIFEST } from '../contracts/manifest';
import { moveAway, moveIn } from './move';
import { withWorkFolder } from '../files/work-folder';

/** What stands beside a layer's tar. */
const LayerRecord = z.strictObject({
  version: z.literal(2),
  name: Name,
  key: Sha256,
  /** Digest of the tar. */
  digest: Digest,
  /** Bytes of the tar. */
  size: z.int().nonnegative(),
  /** Entries of the tar. */
  entries: z.int().nonnegative(),
  /** Digests of the two files beside it. */
  headersDigest: Digest,
  manifestDigest: Digest,
});
export type LayerRecord = z.infer<typeof LayerRecord>;

/** File of the tar's bytes that are no file's content: names are taken from it without reading those. */
export const HEADERS = 'layer.headers';

export interface CachedLayer extends LayerRecord {
  readonly tar: string;
  readonly headers: string;
  /** Every file of the tar (contracts/manifest.ts). */
  readonly manifest: string;
}

export const TAR = 'layer.tar';

const filesIn = (folder: string): Pick<CachedLayer, 'tar' | 'headers' | 'manifest'> => ({
  tar: join(folder, TAR),
  headers: join(folder, HEADERS),
  manifest: join(folder, MANIFEST),
});

/**
 * Built layers by key, `layers/<key>/{layer.tar,layer.json,layer.headers,files.mtree}` in the user's cache: a folder
 * appears whole or not at all, so what is found can be used.
 */
export class LayerCache {
  constructor(private readonly cache: string) {}

  folder(key: string): string {
    return join(this.cache, 'layers', key);
  }

  /** Undefined when it is not there, or cannot be what was put there (then it is built again). */
  get(key: string): CachedLayer | undefined {
    const file = join(this.folder(key), 'layer.json');
    const files = filesIn(this.folder(key));
    if (![file, ...Object.values(files)].every((path) => existsSync(path))) return undefined;
    let content: unknown;
    try {
      content = JSON.parse(readFileSync(file, 'utf8'));
    } catch {
      return undefined;
    }
    const parsed = LayerRecord.safeParse(content);
    if (!parsed.success || parsed.data.key !== key || statSync(files.tar).size !== parsed.data.size)
      return undefined;
    return { ...parsed.data, ...files };
  }

  /** Takes a layer out, at once; it is built again when it is asked for. */
  async discard(key: string): Promise<void> {
    await withWorkFolder(this.cache, 'discard', (work) => {
      moveAway(this.folder(key), work);
      return Promise.resolve();
    });
  }

  /**
   * Moves a finished layer in, from a work folder on the same file system that has its files under their names. Of
   * two that come at once the first stays: they are equal. What is there and cannot be used gives way, at once and
   * not file by file.
   */
  put(record: LayerRecord, work: string): CachedLayer {
    const coming = join(work, 'coming');
    mkdirSync(coming);
    for (const name of [TAR, HEADERS, MANIFEST]) renameSync(join(work, name), join(coming, name));
    writeFileSync(join(coming, 'layer.json'), `${JSON.stringify(record, null, 2)}\n`);
    mkdirSync(join(this.cache, 'layers'), { recursive: true });
    for (;;) {
      const before = this.get(record.key);
      if (before !== undefined) return before;
      const target = this.folder(record.key);
      if (existsSync(target)) moveAway(target, work);
      if (moveIn(coming, target)) return { ...record, ...filesIn(target) };
    }
  }
}
