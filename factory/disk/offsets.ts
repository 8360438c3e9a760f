import { KilnError } from '../errors';
import type { FileContent } from '../layers/merge';
import { BLOCK, blocksOf, type Erofs, type ErofsFile, giveBlocks, giveData, readErofs } from './erofs';
import { groupOf, isPackageList, packageOwners, standsAlone } from './groups';
import { CELL, type Item, placeInCells, placeInSlots } from './slots';

/** Regions are whole multiples of so many blocks, so that one that grows a little moves none behind it. */
const METADATA_STEP = 1024; // 4 MiB
const WHOLE_STEP = 4096; // 16 MiB
/** Metadata may grow by an eighth. */
const METADATA_GROWTH = 9 / 8;

export interface OffsetOptions {
  /** A whole EROFS of names alone, as mkfs.erofs wrote it: it gets the offsets and sizes of all data. */
  readonly metadata: Buffer;
  /** Of every path that has bytes; names of one file have one object. */
  readonly contents: ReadonlyMap<string, FileContent>;
  /** Reads one, for the few small ones that say what belongs together. */
  readonly read: (content: FileContent) => Buffer;
  /** Whether a path changes with every bake: such files stand together at the end. */
  readonly isVolatile: (path: string) => boolean;
}

export interface RootOffsets {
  /** Names in the file system, the root among them. */
  readonly names: number;
  /** Bytes of the file system; the metadata is the first of them. */
  readonly size: number;
  /** Content -> its first byte in the file system. */
  readonly offsets: ReadonlyMap<FileContent, number>;
}

interface File extends ErofsFile {
  readonly content: FileContent;
  /** Bytes. */
  readonly size: number;
  readonly blocks: number;
}

interface Plan {
  /** First block of each file. */
  readonly starts: ReadonlyMap<File, number>;
  /** Blocks of the file system. */
  readonly blocks: number;
}

const stepped = (blocks: number, step: number): number => Math.ceil(blocks / step) * step;

/** The files that have bytes, in the order of the walk. */
function filesOf(erofs: Erofs, contents: ReadonlyMap<string, FileContent>): File[] {
  const files = erofs.files.flatMap((file) => {
    const content = contents.get(file.path);
    if (content === undefined) return [];
    return [{ ...file, content, size: content.size, blocks: blocksOf(content.size) }];
  });
  if (files.length !== new Set(contents.values()).size)
    throw new Error('its files are not those that have content');
  return files;
}

function itemsOf(
  files: readonly File[],
  owners: ReadonlyMap<string, string>,
): ReadonlyMap<string, readonly File[]> {
  const groups = new Map<string, File[]>();
  for (const file of files) {
    const name = groupOf(file, owners);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [file]);
    else group.push(file);
  }
  return groups;
}

/**
 * Where everything goes: superblock and metadata in front with space to grow, then large files, then packages and
 * folders, each kind in a region of its own (slots.ts), then what changes with every bake. A package that
 * outgrows its slot then pushes aside no large file, and a night's updates stay within one part of the hash tree.
 */
function planOffsets(
  metadata: number,
  files: readonly File[],
  owners: ReadonlyMap<string, string>,
  isVolatile: (path: string) => boolean,
): Plan {
  const lasting = itemsOf(
    files.filter(({ path }) => !isVolatile(path)),
    owners,
  );
  const items = [...lasting].map(([name, members]) => ({
    name,
    blocks: members.reduce((sum, { blocks }) => sum + blocks, 0),
  }));
  const isLarge = ({ name, blocks }: Item): boolean => standsAlone(name) || blocks > CELL;
  const regions = [placeInSlots(items.filter(isLarge)), placeInCells(items.filter((item) => !isLarge(item)))];
  const starts = new Map<File, number>();
  const put = (members: readonly File[], at: number): number => {
    let next = at;
    for (const file of members) {
      starts.set(file, next);
      next += file.blocks;
    }
    return next;
  };
  let region = stepped(metadata * METADATA_GROWTH, METADATA_STEP);
  for (const { starts: starting, blocks } of regions) {
    for (const [name, at] of starting) put(lasting.get(name) ?? [], region + at);
    region += blocks;
  }
  const end = put(
    files.filter(({ path }) => isVolatile(path)),
    region,
  );
  return { starts, blocks: stepped(end, WHOLE_STEP) };
}

/**
 * Gives every file's data its offset, in the metadata. Nothing else of it changes: mkfs.erofs decided the rest.
 * @throws KilnError `root-failed` when the metadata is not of the shape that is known.
 */
export function assignOffsets(options: OffsetOptions): RootOffsets {
  const { metadata, contents, read } = options;
  try {
    const erofs = readErofs(metadata);
    const files = filesOf(erofs, contents);
    const lists = new Map(
      files
        .filter(({ path }) => isPackageList(path))
        .map(({ path, content }) => [path, read(content).toString()] as const),
    );
    const plan = planOffsets(metadata.length / BLOCK, files, packageOwners(lists), options.isVolatile);
    const offsets = new Map<FileContent, number>();
    for (const [file, start] of plan.starts) {
      giveData(metadata, file, file.size, start);
      offsets.set(file.content, start * BLOCK);
    }
    giveBlocks(metadata, plan.blocks);
    return { names: erofs.names, size: plan.blocks * BLOCK, offsets };
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw error;
    throw new KilnError({
      code: 'root-failed',
      what: `the root file system cannot be placed: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'this kiln knows the erofs-utils of Debian 13; which one the lock has: images/layers/tools/packages',
      cause: error,
    });
  }
}
