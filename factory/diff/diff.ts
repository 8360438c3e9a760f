import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Lock } from '../contracts/lock';
import { MANIFEST } from '../contracts/manifest';
import { LOCK_COPY } from '../contracts/record';
import { BLOCK_SIZE, countBlocks, type BlockCount } from '../disk/blocks';
import { type ImageOnDisk, requireFiles } from '../disk/image-files';
import { type FileChanges, fileChanges } from './files';
import { type PackageChange, packageChanges } from './packages';

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

const lockOf = ({ folder }: ImageOnDisk): Lock =>
  Lock.parse(JSON.parse(readFileSync(join(folder, LOCK_COPY), 'utf8')));

/**
 * What differs between two images, from their locks, their manifests and the bytes of their disks.
 * @throws KilnError `image-incomplete`.
 */
export async function diffImages(before: ImageOnDisk, after: ImageOnDisk): Promise<ImageDiff> {
  for (const image of [before, after]) requireFiles(image, [DISK, LOCK_COPY, MANIFEST]);
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
