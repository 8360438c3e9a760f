import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { Digest, Sha256 } from '../contracts/digest';
import { LAYERS } from '../contracts/layers';
import { MANIFEST } from '../contracts/manifest';
import { moveAway, moveIn } from './move';
import { withWorkFolder } from './work-folder';

/** What stands beside a layer's tar. */
const LayerRecord = z.strictObject({
  version: z.literal(2),
  name: z.enum(LAYERS),
  key: Sha256,
  /** Digest of the tar. */
  digest: Digest,
  /** Bytes of the tar. */
  size: z.int().nonnegative(),
  /** Entries of the tar. */
  entries: z.int().nonnegative(),
  /** sha256 over the bytes of the tar that are no file's content: names are taken from it without reading those. */
  frame: Sha256,
  /** Digest of the manifest beside it. */
  manifestDigest: Digest,
});
export type LayerRecord = z.infer<typeof LayerRecord>;

export interface CachedLayer extends LayerRecord {
  readonly tar: string;
  /** Every file of the tar (contracts/manifest.ts). */
  readonly manifest: string;
}

/**
 * Built layers by key, `layers/<key>/{layer.tar,layer.json,files.mtree}` in the user's cache: a folder appears whole or
 * not at all, so what is found can be used.
 */
export class LayerCache {
  constructor(private readonly cache: string) {}

  folder(key: string): string {
    return join(this.cache, 'layers', key);
  }

  /** Undefined when it is not there, or cannot be what was put there (then it is built again). */
  get(key: string): CachedLayer | undefined {
    const tar = join(this.folder(key), 'layer.tar');
    const file = join(this.folder(key), 'layer.json');
    const manifest = join(this.folder(key), MANIFEST);
    if (![file, tar, manifest].every((path) => existsSync(path))) return undefined;
    let content: unknown;
    try {
      content = JSON.parse(readFileSync(file, 'utf8'));
    } catch {
      return undefined;
    }
    const parsed = LayerRecord.safeParse(content);
    if (!parsed.success || parsed.data.key !== key || statSync(tar).size !== parsed.data.size)
      return undefined;
    return { ...parsed.data, tar, manifest };
  }

  /** Takes a layer out, at once; it is built again when it is asked for. */
  async discard(key: string): Promise<void> {
    await withWorkFolder(this.cache, 'discard', (work) => {
      moveAway(this.folder(key), work);
      return Promise.resolve();
    });
  }

  /**
   * Moves a finished layer in, from a work folder on the same file system. Of two that come at once the first
   * stays: they are equal. What is there and cannot be used makes room, at once and not file by file.
   */
  put(record: LayerRecord, tar: string, manifest: string): CachedLayer {
    const work = dirname(tar);
    const coming = join(work, 'coming');
    mkdirSync(coming);
    renameSync(tar, join(coming, 'layer.tar'));
    renameSync(manifest, join(coming, MANIFEST));
    writeFileSync(join(coming, 'layer.json'), `${JSON.stringify(record, null, 2)}\n`);
    mkdirSync(join(this.cache, 'layers'), { recursive: true });
    for (;;) {
      const before = this.get(record.key);
      if (before !== undefined) return before;
      const target = this.folder(record.key);
      if (existsSync(target)) moveAway(target, work);
      if (moveIn(coming, target))
        return { ...record, tar: join(target, 'layer.tar'), manifest: join(target, MANIFEST) };
    }
  }
}
