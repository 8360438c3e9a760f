import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ManifestEntry } from '../contracts/manifest';
import { manifestLines } from './manifest';
import { fileSha256 } from './tree-digest';

/** Bytes up to which a file is read at once: most are small, and a stream for each takes longer than to read it. */
const SMALL = 1 << 20;

async function isAsListed(file: string, entry: ManifestEntry): Promise<boolean> {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return false;
  switch (entry.type) {
    case 'dir':
      return found.isDirectory();
    case 'link':
      return found.isSymbolicLink() && readlinkSync(file) === entry.link;
    case 'file': {
      if (!found.isFile() || found.size !== entry.size || (found.mode & 0o7777) !== entry.mode) return false;
      const sha256 =
        entry.size > SMALL
          ? await fileSha256(file)
          : createHash('sha256').update(readFileSync(file)).digest('hex');
      return sha256 === entry.sha256;
    }
  }
}

export interface Unpacked {
  readonly tree: string;
  readonly manifest: string;
}

/**
 * Compares a tree with the manifest of the layer that it was unpacked from, every byte of it; owners and times
 * are left out: a user namespace maps the first, nothing reads the second.
 * @returns the first path that differs, undefined when none does.
 */
export async function firstDifference({ tree, manifest }: Unpacked): Promise<string | undefined> {
  const listed = new Set<string>();
  for (const { entry } of manifestLines(readFileSync(manifest, 'utf8'))) {
    if (entry.path === '') continue;
    listed.add(entry.path);
    if (!(await isAsListed(join(tree, entry.path), entry))) return entry.path;
  }
  const walk = (folder: string): string | undefined => {
    for (const entry of readdirSync(join(tree, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (!listed.has(path)) return path;
      const below = entry.isDirectory() ? walk(path) : undefined;
      if (below !== undefined) return below;
    }
    return undefined;
  };
  return walk('');
}
