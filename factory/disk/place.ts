import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { KilnError } from '../errors';
import {
  BLOCK,
  type Erofs,
  type ErofsFile,
  ErofsReader,
  type Field,
  NIDS_PER_BLOCK,
  placedSuperblock,
} from './erofs';
import { groupOf, isPackageList, packageOwners, standsAlone } from './groups';
import { CELL, type Item, placeInCells, placeInSlots } from './slots';

/** Regions are whole multiples of so many blocks, so that one that grows a little moves none behind it. */
const METADATA_STEP = 1024; // 4 MiB
const WHOLE_STEP = 4096; // 16 MiB
/** Room for metadata to grow: an eighth. */
const METADATA_ROOM = 9 / 8;
/** Bytes copied at once. */
const CHUNK = 8 * 1024 * 1024;

export interface PlaceOptions {
  /** As mkfs.erofs --sort=none -E noinline_data wrote it: data first, metadata behind. */
  readonly built: string;
  /** File to write. */
  readonly out: string;
  /** Whether a path changes with every bake: such files stand together at the end. */
  readonly isVolatile: (path: string) => boolean;
}

export interface Placed {
  /** Names in the file system, the root among them. */
  readonly names: number;
  /** Bytes of the file system. */
  readonly size: number;
}

interface Move {
  readonly from: number;
  readonly to: number;
  readonly blocks: number;
}

interface Plan {
  /** First block of the metadata as it was built. */
  readonly metadata: number;
  /** Field of each file -> its new first block. */
  readonly starts: ReadonlyMap<number, number>;
  readonly moves: readonly Move[];
  /** Blocks of the placed image. */
  readonly blocks: number;
}

const stepped = (blocks: number, step: number): number => Math.ceil(blocks / step) * step;

function itemsOf(
  files: readonly ErofsFile[],
  owners: ReadonlyMap<string, string>,
): ReadonlyMap<string, readonly ErofsFile[]> {
  const groups = new Map<string, ErofsFile[]>();
  for (const file of files) {
    const name = groupOf(file, owners);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [file]);
    else group.push(file);
  }
  return groups;
}

/**
 * Where everything goes: superblock and metadata in front with room to grow, then large files, then packages and
 * folders, each kind in a region of its own (slots.ts), then what changes with every bake. A package that
 * outgrows its slot then pushes aside no large file, and a night's updates stay within one part of the hash tree.
 */
function planPlaces(
  erofs: Erofs,
  owners: ReadonlyMap<string, string>,
  isVolatile: (path: string) => boolean,
): Plan {
  const metadata = Math.max(1, maximum(erofs.files.map(({ start, blocks }) => start + blocks)));
  const behind = [
    ...erofs.pointers.map(({ value }) => value),
    ...erofs.references.map(({ value }) => Math.floor(value / NIDS_PER_BLOCK)).filter((block) => block !== 0),
  ];
  if (minimum(behind) < metadata) throw new Error('mkfs.erofs put metadata among the data');

  const lasting = itemsOf(
    erofs.files.filter(({ path }) => !isVolatile(path)),
    owners,
  );
  const front = stepped(1 + (erofs.blocks - metadata) * METADATA_ROOM, METADATA_STEP);
  const items = [...lasting].map(([name, files]) => ({
    name,
    blocks: files.reduce((sum, { blocks }) => sum + blocks, 0),
  }));
  const isLarge = ({ name, blocks }: Item): boolean => standsAlone(name) || blocks > CELL;
  const regions = [placeInSlots(items.filter(isLarge)), placeInCells(items.filter((item) => !isLarge(item)))];
  const starts = new Map<number, number>();
  const moves: Move[] = [];
  const put = (files: readonly ErofsFile[], at: number): number => {
    let next = at;
    for (const { field, start, blocks } of files) {
      starts.set(field, next);
      moves.push({ from: start, to: next, blocks });
      next += blocks;
    }
    return next;
  };
  let region = front;
  for (const { starts: places, blocks } of regions) {
    for (const [name, at] of places) put(lasting.get(name) ?? [], region + at);
    region += blocks;
  }
  const end = put(
    erofs.files.filter(({ path }) => isVolatile(path)),
    region,
  );
  moves.push({ from: metadata, to: 1, blocks: erofs.blocks - metadata });
  return { metadata, starts, moves, blocks: stepped(end, WHOLE_STEP) };
}

const maximum = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), 0);
const minimum = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.min(a, b), Infinity);

/** Fields of the placed image: byte -> what stands there, in four or eight bytes. */
function* fields(erofs: Erofs, plan: Plan): Generator<Field & { readonly bytes: 4 | 8 }> {
  const shift = 1 - plan.metadata;
  const moved = (at: number): number => (at < BLOCK ? at : at + shift * BLOCK);
  for (const { field } of erofs.files)
    yield { at: moved(field), value: plan.starts.get(field) ?? 0, bytes: 4 };
  for (const { at, value } of erofs.pointers) yield { at: moved(at), value: value + shift, bytes: 4 };
  for (const { at, value } of erofs.references) {
    const placed = value < NIDS_PER_BLOCK ? value : value + shift * NIDS_PER_BLOCK;
    yield { at: moved(at), value: placed, bytes: 8 };
  }
}

function copy(from: number, to: number, move: Move, buffer: Buffer): void {
  for (let done = 0; done < move.blocks * BLOCK;) {
    const size = readSync(
      from,
      buffer,
      0,
      Math.min(buffer.length, move.blocks * BLOCK - done),
      move.from * BLOCK + done,
    );
    if (size === 0) throw new Error('the built file system ends too early');
    writeSync(to, buffer, 0, size, move.to * BLOCK + done);
    done += size;
  }
}

/**
 * Gives the data of a built file system its places. Nothing else of it changes: mkfs.erofs decided the rest.
 * @throws KilnError `root-failed` when the built file system is not of the shape that is known.
 */
export function placeRoot(options: PlaceOptions): Placed {
  const reader = new ErofsReader(options.built);
  const [from, to] = [openSync(options.built, 'r'), openSync(options.out, 'wx+')];
  try {
    const erofs = reader.read();
    const lists = new Map(
      erofs.files
        .filter(({ path }) => isPackageList(path))
        .map((file) => [file.path, reader.content(file).toString()] as const),
    );
    const plan = planPlaces(erofs, packageOwners(lists), options.isVolatile);
    ftruncateSync(to, plan.blocks * BLOCK);
    const buffer = Buffer.alloc(CHUNK);
    for (const move of plan.moves) copy(from, to, move, buffer);
    writeSync(to, placedSuperblock(reader.block(0), plan.blocks), 0, BLOCK, 0);
    // Metadata is a few MB, changed in memory and written once.
    const last = 1 + erofs.blocks - plan.metadata;
    const front = Buffer.alloc(last * BLOCK);
    readSync(to, front, 0, front.length, 0);
    for (const { at, value, bytes } of fields(erofs, plan)) {
      if (bytes === 4) front.writeUInt32LE(value, at);
      else front.writeBigUInt64LE(BigInt(value), at);
    }
    writeSync(to, front, 0, front.length, 0);
    return { names: erofs.names, size: plan.blocks * BLOCK };
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw error;
    throw new KilnError({
      code: 'root-failed',
      what: `the root file system cannot be placed: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'this kiln knows the erofs-utils of Debian 13; which one the lock has: images/layers/tools/packages',
      cause: error,
    });
  } finally {
    reader.close();
    closeSync(from);
    closeSync(to);
  }
}
