import { createHash } from 'node:crypto';
import type { Content, Merged } from '../layers/merge';
import { type Base, type Contents, hasAll, type OnDisk } from './base';
import { isBoot } from './boot';
import { carryOf } from './carry';
import { sealSalt } from './identity';
import { placeOf } from './layout';
import type { PlannedRoot } from './root';
import { digestPlace } from './seal';
import { type Blocks, blocksWithDigests, type Segment } from './segments';
import type { DoTask } from './tasks';

/** What a new disk takes from the base's. */
export interface Taken {
  readonly base: Base;
  /** Indices of the layers whose contents all come from there: their archives need not be read. */
  readonly layers: ReadonlySet<number>;
  /** All places of those contents on the base's disk. */
  readonly contents: readonly OnDisk[];
}

/**
 * Which layers' contents a base has by its list.
 * @param start byte of the new disk where the root begins: a base whose root begins elsewhere has nothing at its place.
 * @param contents of each layer.
 * @returns undefined when nothing can be taken.
 */
export function takenFrom(
  base: Base | undefined,
  start: number,
  contents: readonly Contents[],
): Taken | undefined {
  if (base === undefined || placeOf(base.record.partitions, 'root').start !== start) return undefined;
  const layers = new Set<number>();
  const wanted = new Map<string, readonly OnDisk[]>();
  for (const [index, own] of contents.entries()) {
    const inRoot = [...own].flatMap(([path, content]) => (isBoot(path) ? [] : [content]));
    if (!hasAll(base, inRoot)) continue;
    layers.add(index);
    for (const { sha256 } of inRoot) wanted.set(sha256, base.contents.get(sha256) ?? []);
  }
  return wanted.size === 0 ? undefined : { base, layers, contents: [...wanted.values()].flat() };
}

/**
 * Brings what is taken to the same places of a new disk, where nearly all of it stays, and compares every byte of it
 * with the sha256 in the layers' manifests.
 * @returns whether the base is what it was.
 */
export const carryTaken = async (run: DoTask, { base, contents }: Taken, to: string): Promise<boolean> =>
  await run(
    carryOf(contents, {
      ...{ from: base.disk, to },
      root: placeOf(base.record.partitions, 'root'),
      tree: placeOf(base.record.partitions, 'root-verity'),
      salt: sealSalt(base.record.image),
      rootHash: base.record.rootHash,
    }),
  );

/** Of what was carried, what the new disk has elsewhere, or no more. */
export function strayed(taken: Taken, segments: readonly Segment[]): OnDisk[] {
  const staying = new Set(segments.flatMap(({ start, from }) => (start === from ? [start] : [])));
  return taken.contents.filter(({ at }) => !staying.has(at));
}

/** sha256 of what stands in the root file system; names of one file have one content. */
export function digestsOf(
  merged: Pick<Merged, 'contents' | 'added'>,
  contents: readonly Contents[],
): ReadonlyMap<Content, string> {
  const found = new Map<Content, string>();
  for (const [path, content] of merged.contents) {
    const made = merged.added[content.layer - contents.length];
    const sha256 =
      made === undefined
        ? contents[content.layer]?.get(path)?.sha256
        : createHash('sha256').update(made.content).digest('hex');
    if (sha256 === undefined) throw new Error(`no manifest has ${path}`);
    found.set(content, sha256);
  }
  return found;
}

/**
 * The root file system by stretches: metadata, and each content, from the base where it is taken from there.
 * @param start byte of the disk where it begins.
 */
export function rootSegments(
  root: Pick<PlannedRoot, 'places' | 'metadata'>,
  start: number,
  digests: ReadonlyMap<Content, string>,
  taken: Taken | undefined,
): Segment[] {
  const contents = [...root.places].map(([content, to]): Segment => {
    const place = { start: start + to, size: content.size };
    if (taken?.layers.has(content.layer) !== true) return place;
    const places = taken.base.contents.get(digests.get(content) ?? '');
    // The same bytes can stand in several places: best is the one where they are to stand.
    const found = places?.find(({ at }) => at === place.start) ?? places?.[0];
    if (found === undefined) throw new Error('the base has no such content');
    return { ...place, from: found.at };
  });
  return [{ start, size: root.metadata.length }, ...contents.sort((a, b) => a.start - b.start)];
}

/** The same for the hash tree: the base's has the digests of what is taken. */
export function rootBlocks(segments: readonly Segment[], taken: Taken | undefined): Blocks[] {
  if (taken === undefined) return blocksWithDigests(segments, () => 0);
  const { partitions } = taken.base.record;
  const [root, tree] = [placeOf(partitions, 'root'), placeOf(partitions, 'root-verity')];
  const place = digestPlace(root.size);
  return blocksWithDigests(segments, (byte) => tree.start + place(byte - root.start));
}
