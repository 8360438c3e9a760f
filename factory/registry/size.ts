import { join } from 'node:path';
import { MANIFEST, type ManifestEntry } from '../contracts/manifest';
import { type ImageOnDisk, requireFiles } from '../disk/image-files';
import { readManifest } from '../layers/manifest';

/** A file or a folder with all that is in it; a file of several names counts for each. */
export interface Part {
  /** With a leading slash; `/` is all of the image's root. */
  readonly path: string;
  readonly bytes: number;
  /** How many files: 1 for a file. */
  readonly files: number;
}

export interface ImageSize {
  readonly total: Part;
  /** Folders that hold at least the asked share of the bytes, by path. */
  readonly folders: readonly Part[];
  /** Largest first. */
  readonly largest: readonly Part[];
}

/** Share of all bytes from which a folder is told; a level of detail that fits a screen. */
const SHARE = 0.02;
/** How many files are told. */
const FILES = 12;

interface Counted {
  bytes: number;
  files: number;
}

const foldersOf = (path: string): string[] => {
  const names = path.split('/').slice(0, -1);
  return ['/', ...names.map((_, i) => `/${names.slice(0, i + 1).join('/')}`)];
};

/** A folder whose bytes are all but those of one folder in it says nothing that the other does not. */
const isOnlyAWay = (folder: Part, all: readonly Part[]): boolean =>
  all.some((each) => each.path.startsWith(`${folder.path}/`) && each.bytes > folder.bytes * 0.9);

/** Where an image's megabytes are. */
export async function sizeOf(
  entries: AsyncIterable<ManifestEntry> | Iterable<ManifestEntry>,
  share = SHARE,
): Promise<ImageSize> {
  const counts = new Map<string, Counted>([['/', { bytes: 0, files: 0 }]]);
  const files: Part[] = [];
  for await (const entry of entries) {
    if (entry.type !== 'file') continue;
    files.push({ path: `/${entry.path}`, bytes: entry.size, files: 1 });
    for (const folder of foldersOf(entry.path)) {
      const count = counts.get(folder) ?? { bytes: 0, files: 0 };
      count.bytes += entry.size;
      count.files += 1;
      counts.set(folder, count);
    }
  }
  const parts = [...counts].map(([path, count]): Part => ({ path, ...count }));
  const total = parts[0] ?? { path: '/', bytes: 0, files: 0 };
  const large = parts.filter(({ path, bytes }) => path !== '/' && bytes >= total.bytes * share && bytes > 0);
  return {
    total,
    folders: large
      .filter((folder) => !isOnlyAWay(folder, large))
      .toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    largest: files.toSorted((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1)).slice(0, FILES),
  };
}

/** @throws KilnError `image-incomplete`. */
export async function imageSize(image: ImageOnDisk): Promise<ImageSize> {
  requireFiles(image, [MANIFEST]);
  return await sizeOf(readManifest(join(image.folder, MANIFEST)));
}
