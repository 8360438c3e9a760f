import { createHash } from 'node:crypto';
import type { CachedLayer } from '../layers/cache';
import type { AddedFile, Content, Merged } from '../layers/merge';
import { type Base, type Contents, hasAll, type OnDisk } from './base';
import { checkOf } from './base-check';
import type { TakenLayer } from './copy-layers';
import { sealSalt } from './identity';
import { placeOf } from './layout';
import { isBoot, type PlannedRoot } from './root';
import { digestPlace } from './seal';
import { type Blocks, blocksWithDigests, type Segment } from './segments';
import type { DoTask } from './tasks';

/** What a new disk takes from the base's. */
export interface Taken {
  readonly base: Base;
  /** Indices of the layers whose contents all come from there: their archives need not be read. */
  readonly layers: ReadonlySet<number>;
}

/**
 * Which layers' contents a base has, every byte of them compared with the sha256 in the layers' manifests.
 * @param contents of each layer.
 * @param onDamage told when the base is not what it was.
 * @returns undefined when nothing can be taken.
 */
export async function takenFrom(
  run: DoTask,
  base: Base | undefined,
  contents: readonly Contents[],
  onDamage: (base: Base) => void,
): Promise<Taken | undefined> {
  if (base === undefined) return undefined;
  const layers = new Set<number>();
  const wanted = new Map<string, OnDisk>();
  for (const [index, own] of contents.entries()) {
    const inRoot = [...own].flatMap(([path, content]) => (isBoot(path) ? [] : [content]));
    if (!hasAll(base, inRoot)) continue;
    layers.add(index);
    for (const { sha256 } of inRoot) {
      const found = base.contents.get(sha256);
      if (found !== undefined) wanted.set(sha256, found);
    }
  }
  if (wanted.size === 0) return undefined;
  const { record } = base;
  const sound = await run(
    checkOf(wanted.values(), {
      disk: base.disk,
      root: placeOf(record.partitions, 'root'),
      tree: placeOf(record.partitions, 'root-verity'),
      salt: sealSalt(record.image),
      rootHash: record.rootHash,
    }),
  );
  if (sound) return { base, layers };
  onDamage(base);
  return undefined;
}

/** What of those layers' archives can still be read by itself. */
export const layersNotRead = (
  taken: Taken | undefined,
  layers: readonly CachedLayer[],
  contents: readonly Contents[],
): ReadonlyMap<number, TakenLayer> =>
  new Map(
    [...layers.entries()]
      .filter(([index]) => taken?.layers.has(index) === true)
      .map(([index, { headersDigest }]) => [
        index,
        { headersDigest, sha256Of: (path) => contents[index]?.get(path)?.sha256 },
      ]),
  );

/** sha256 of what stands in the root file system; names of one file have one content. */
export function digestsOf(
  merged: Pick<Merged, 'contents'>,
  contents: readonly Contents[],
  added: readonly AddedFile[],
): ReadonlyMap<Content, string> {
  const found = new Map<Content, string>();
  for (const [path, content] of merged.contents) {
    const made = added[content.layer - contents.length];
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
  root: PlannedRoot,
  start: number,
  digests: ReadonlyMap<Content, string>,
  taken: Taken | undefined,
): Segment[] {
  const contents = [...root.places].map(([content, to]): Segment => {
    const place = { start: start + to, size: content.size };
    if (taken?.layers.has(content.layer) !== true) return place;
    const found = taken.base.contents.get(digests.get(content) ?? '');
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
