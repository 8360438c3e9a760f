import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CachedLayer } from '../layers/cache';
import { layerDamaged } from '../layers/damage';
import type { FileContent } from '../layers/merge';
import type { Contents } from './previous-image';
import { readWhole } from './whole';

/** The base layer's folder whose files go to the ESP in place of the root partition. */
export const BOOT = 'boot';
export const isBoot = (path: string): boolean => path.startsWith(`${BOOT}/`);

/** Kernel and initrd, as a layer's tar has them. */
export interface BootFiles {
  readonly layer: Pick<CachedLayer, 'name' | 'tar'>;
  /** By their paths. */
  readonly files: ReadonlyMap<string, FileContent>;
  /** All that the layer's manifest lists. */
  readonly listed: Contents;
}

/** Bytes of all. */
export const bootSize = ({ files }: Pick<BootFiles, 'files'>): number =>
  [...files.values()].reduce((sum, { size }) => sum + size, 0);

/**
 * Copies the files below a folder, by their paths.
 * @throws KilnError `layer-damaged` when one is not what the manifest lists.
 */
export function copyBoot({ layer, files, listed }: BootFiles, folder: string): void {
  const tar = openSync(layer.tar, 'r');
  try {
    for (const [path, { size, at }] of files) {
      const bytes = readWhole(tar, Buffer.alloc(size), at);
      if (createHash('sha256').update(bytes).digest('hex') !== listed.get(path)?.sha256)
        throw layerDamaged(layer);
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
  } finally {
    closeSync(tar);
  }
}
