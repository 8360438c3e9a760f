import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ManifestEntry } from '../contracts/manifest';

/** Bytes read at once. */
const CHUNK = 1 << 20;
/** A folder or a link stands there, or nothing, or its device cannot read it. */
const OTHER = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EISDIR', 'EIO']);

type FileEntry = Extract<ManifestEntry, { type: 'file' }>;
type IsSame = (file: string, entry: FileEntry) => boolean;

/**
 * Whether a file has the size, mode, date and bytes that are listed. All are read through one buffer: two threads that
 * take memory for every file wait for each other.
 */
function fileCheck(): IsSame {
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  const digestOf = (descriptor: number): string => {
    const hash = createHash('sha256');
    for (;;) {
      const got = readSync(descriptor, buffer);
      if (got === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, got));
    }
  };
  return (file, { size, mode, sha256, time }) => {
    let descriptor: number | undefined;
    try {
      // A pipe that stands there must not be waited for.
      descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const found = fstatSync(descriptor);
      return (
        found.isFile() &&
        found.size === size &&
        (found.mode & 0o7777) === mode &&
        Math.floor(found.mtimeMs / 1000) === time &&
        digestOf(descriptor) === sha256
      );
    } catch (error) {
      if (error instanceof Error && 'code' in error && OTHER.has(String(error.code))) return false;
      throw error;
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  };
}

function isAsListed(file: string, entry: ManifestEntry, isSame: IsSame): boolean {
  if (entry.type === 'file') return isSame(file, entry);
  const found = lstatSync(file, { throwIfNoEntry: false });
  return entry.type === 'dir'
    ? found?.isDirectory() === true
    : found?.isSymbolicLink() === true && readlinkSync(file) === entry.link;
}

export interface Unpacked {
  readonly tree: string;
  /** All that is in it. */
  readonly entries: readonly ManifestEntry[];
}

/**
 * Compares a tree with what it was unpacked from, every byte of it; owners are left out, since a user namespace maps
 * them, and so are the dates of folders and links.
 * @returns the first path that differs, undefined when none does.
 */
export function firstDifference({ tree, entries }: Unpacked): string | undefined {
  const isSame = fileCheck();
  const listed = new Set<string>();
  for (const entry of entries) {
    if (entry.path === '') continue;
    listed.add(entry.path);
    if (!isAsListed(`${tree}/${entry.path}`, entry, isSame)) return entry.path;
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
