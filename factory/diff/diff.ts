import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Lock } from '../contracts/lock';
import { MANIFEST } from '../contracts/manifest';
import { type ImageRecord, LOCK_COPY } from '../contracts/record';
import { BLOCK_SIZE, countBlocks, type BlockCount } from '../disk/blocks';
import { KilnError } from '../errors';
import { type FileChanges, fileChanges } from './files';
import { type PackageChange, packageChanges } from './packages';

export interface ImageOnDisk {
  readonly record: ImageRecord;
  /** Holds image.raw, record.json, factory.lock.json and files.mtree. */
  readonly folder: string;
}

export interface ImageDiff {
  readonly before: string;
  readonly after: string;
  readonly packages: readonly PackageChange[];
  readonly files: FileChanges;
  /** Of the raw disks: what an upload of the second moves where the first is already. */
  readonly blocks: BlockCount & {
    /** Bytes of a block. */
    readonly size: number;
    readonly partitions: readonly (BlockCount & { readonly name: string })[];
  };
}

const DISK = 'image.raw';

function requireFiles({ folder, record }: ImageOnDisk): void {
  const missing = [DISK, LOCK_COPY, MANIFEST].filter((name) => !existsSync(join(folder, name)));
  if (missing.length === 0) return;
  throw new KilnError({
    code: 'image-incomplete',
    what: `${missing.join(' and ')} of image ${record.digest} ${missing.length === 1 ? 'is' : 'are'} not in ${folder}`,
    hint: 'bake the image again with this kiln: kiln bake',
  });
}

const lockOf = ({ folder }: ImageOnDisk): Lock =>
  Lock.parse(JSON.parse(readFileSync(join(folder, LOCK_COPY), 'utf8')));

/**
 * What differs between two images, from their locks, their manifests and the bytes of their disks.
 * @throws KilnError `image-incomplete`.
 */
export async function diffImages(before: ImageOnDisk, after: ImageOnDisk): Promise<ImageDiff> {
  for (const image of [before, after]) requireFiles(image);
  const [a, b] = [join(before.folder, DISK), join(after.folder, DISK)];
  const partitions = after.record.partitions.map(({ name, start, size }) => {
    const was = before.record.partitions.find((partition) => partition.name === name);
    return {
      name,
      ...countBlocks({ file: a, start: was?.start ?? 0, size: was?.size ?? 0 }, { file: b, start, size }),
    };
  });
  return {
    before: before.record.digest,
    after: after.record.digest,
    packages: packageChanges(lockOf(before), lockOf(after)),
    files: await fileChanges(join(before.folder, MANIFEST), join(after.folder, MANIFEST)),
    blocks: { size: BLOCK_SIZE, ...countBlocks({ file: a }, { file: b }), partitions },
  };
}

export const isSame = ({ before, after }: ImageDiff): boolean => before === after;
