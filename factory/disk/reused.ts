import { createHash } from 'node:crypto';
import type { FileContent, Merged } from '../layers/merge';
import { type PreviousImage, type Contents, hasAll, type OnDisk } from './previous-image';
import { isBoot } from './boot';
import { copyContentsOf } from './copy-contents';
import { sealSalt } from './identity';
import { spanOf } from './layout';
import type { PlannedRoot } from './root';
import { digestPlace } from './seal';
import { type Blocks, blocksWithDigests, type Segment } from './segments';
import type { DoTask } from './tasks';

/** What a new disk takes from the previous image's. */
export interface Reused {
  readonly previous: PreviousImage;
  /** Indices of the layers whose contents all come from there: their archives need not be read. */
  readonly layers: ReadonlySet<number>;
  /** All offsets of those contents on the previous image's disk. */
  readonly contents: readonly OnDisk[];
}

/**
 * Which layers' contents a previous image has by its list.
 * @param start byte of the new disk where the root begins: a previous image whose root begins at another byte has nothing at its offset.
 * @param contents of each layer.
 * @returns undefined when nothing can be taken.
 */
export function reusedFrom(
  previous: PreviousImage | undefined,
  start: number,
  contents: readonly Contents[],
): Reused | undefined {
  if (previous === undefined || spanOf(previous.record.partitions, 'root').start !== start) return undefined;
  const layers = new Set<number>();
  const wanted = new Map<string, readonly OnDisk[]>();
  for (const [index, own] of contents.entries()) {
    const inRoot = [...own].flatMap(([path, content]) => (isBoot(path) ? [] : [content]));
    if (!hasAll(previous, inRoot)) continue;
    layers.add(index);
    for (const { sha256 } of inRoot) wanted.set(sha256, previous.contents.get(sha256) ?? []);
  }
  return wanted.size === 0 ? undefined : { previous, layers, contents: [...wanted.values()].flat() };
}

/**
 * Brings what is reused to the same offsets of a new disk, where nearly all of it stays, and compares every byte of it
 * with the sha256 in the layers' manifests.
 * @returns whether the previous image is what it was.
 */
export const copyReused = async (run: DoTask, { previous, contents }: Reused, to: string): Promise<boolean> =>
  await run(
    copyContentsOf(contents, {
      ...{ from: previous.disk, to },
      root: spanOf(previous.record.partitions, 'root'),
      tree: spanOf(previous.record.partitions, 'root-verity'),
      salt: sealSalt(previous.record.image),
      rootHash: previous.record.rootHash,
    }),
  );

/** Of what was carried, what the new disk has elsewhere, or no more. */
export function staleContents(reused: Reused, segments: readonly Segment[]): OnDisk[] {
  const staying = new Set(segments.flatMap(({ start, from }) => (start === from ? [start] : [])));
  return reused.contents.filter(({ at }) => !staying.has(at));
}

/** sha256 of what stands in the root file system; names of one file have one content. */
export function digestsOf(
  merged: Pick<Merged, 'contents' | 'added'>,
  contents: readonly Contents[],
): ReadonlyMap<FileContent, string> {
  const found = new Map<FileContent, string>();
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
 * The root file system by stretches: metadata, and each content, from the previous image where it is taken from there.
 * @param start byte of the disk where it begins.
 */
export function rootSegments(
  root: Pick<PlannedRoot, 'offsets' | 'metadata'>,
  start: number,
  digests: ReadonlyMap<FileContent, string>,
  reused: Reused | undefined,
): Segment[] {
  const contents = [...root.offsets].map(([content, to]): Segment => {
    const goal = { start: start + to, size: content.size };
    if (reused?.layers.has(content.layer) !== true) return goal;
    const offsets = reused.previous.contents.get(digests.get(content) ?? '');
    // The same bytes can stand at several offsets: best is the one where they are to stand.
    const found = offsets?.find(({ at }) => at === goal.start) ?? offsets?.[0];
    if (found === undefined) throw new Error('the previous image has no such content');
    return { ...goal, from: found.at };
  });
  return [{ start, size: root.metadata.length }, ...contents.sort((a, b) => a.start - b.start)];
}

/** The same for the hash tree: the previous image's has the digests of what is taken. */
export function rootBlocks(segments: readonly Segment[], reused: Reused | undefined): Blocks[] {
  if (reused === undefined) return blocksWithDigests(segments, () => 0);
  const { partitions } = reused.previous.record;
  const [root, tree] = [spanOf(partitions, 'root'), spanOf(partitions, 'root-verity')];
  const place = digestPlace(root.size);
  return blocksWithDigests(segments, (byte) => tree.start + place(byte - root.start));
}
