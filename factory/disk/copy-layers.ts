import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { layerDamaged } from '../layers/damage';
import type { AddedFile, Content, MergeLayer } from '../layers/merge';
import { PIECE } from './copy-layer';
import type { PlannedRoot } from './root';
import type { DoTask } from './tasks';
import { readWhole, writeWhole } from './whole';

/** What is known of a layer whose contents come from elsewhere, so that its tar is hardly read. */
export interface TakenLayer {
  /** Digest over the bytes of the tar that are no file's content, `sha256:…`. */
  readonly headersDigest: string;
  readonly sha256Of: (path: string) => string | undefined;
}

export interface CopyOptions {
  readonly layers: readonly (MergeLayer & { readonly size: number })[];
  /** By the index of the layer. */
  readonly taken?: ReadonlyMap<number, TakenLayer>;
  readonly added: readonly AddedFile[];
  readonly root: PlannedRoot;
  readonly disk: string;
  /** Byte of the disk where the root file system begins. */
  readonly start: number;
  /** Folder for the files that do not go into the root, by their paths. */
  readonly aside: string;
  readonly onBytes?: (bytes: number) => void;
}

interface Piece {
  readonly content: Content;
  readonly target: number;
  readonly to: number;
}

const numbersOf = (pieces: readonly Piece[]): Float64Array => {
  const numbers = new Float64Array(pieces.length * PIECE);
  const sorted = [...pieces].sort((a, b) => a.content.at - b.content.at);
  for (const [index, { content, target, to }] of sorted.entries())
    numbers.set([content.at, content.size, target, to], index * PIECE);
  return numbers;
};

/** Of a layer that is not read: the few files that stand outside of the root file system. */
function copyAside(options: CopyOptions, index: number, layer: MergeLayer, taken: TakenLayer): void {
  if (`sha256:${options.root.merged.frames[index] ?? ''}` !== taken.headersDigest) throw layerDamaged(layer);
  const tar = openSync(layer.tar, 'r');
  try {
    for (const [path, content] of options.root.merged.leftOut) {
      if (content.layer !== index) continue;
      const bytes = readWhole(tar, Buffer.alloc(content.size), content.at);
      if (createHash('sha256').update(bytes).digest('hex') !== taken.sha256Of(path))
        throw layerDamaged(layer);
      writeFileSync(join(options.aside, path), bytes);
    }
  } finally {
    closeSync(tar);
  }
}

/**
 * Fills the root file system, and the files aside: each layer is read once, by whichever thread is free.
 * @throws KilnError `layer-damaged` when a tar's bytes are not those of its digest, or not those that were
 * planned with. What was written by then must be thrown away.
 */
export async function copyLayers(run: DoTask, options: CopyOptions): Promise<void> {
  const { layers, added, root, disk, start } = options;
  const targets = [disk];
  const pieces: Piece[] = [...root.places].map(([content, to]) => ({ content, target: 0, to: start + to }));
  for (const [path, content] of root.merged.leftOut) {
    const file = join(options.aside, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
    pieces.push({ content, target: targets.length, to: 0 });
    targets.push(file);
  }
  const file = openSync(disk, 'r+');
  try {
    writeWhole(file, root.metadata, start);
    for (const { content, to } of pieces) {
      const made = added[content.layer - layers.length];
      if (made !== undefined) writeWhole(file, Buffer.from(made.content), to);
    }
  } finally {
    closeSync(file);
  }
  // The largest first: the threads then end at about the same time.
  const order = [...layers.entries()].sort(([, a], [, b]) => b.size - a.size);
  await Promise.all(
    order.map(async ([index, layer]) => {
      const taken = options.taken?.get(index);
      if (taken !== undefined) {
        copyAside(options, index, layer, taken);
        return;
      }
      const own = pieces.filter(({ content }) => content.layer === index);
      const copied = await run(
        { kind: 'copy', tar: layer.tar, targets, pieces: numbersOf(own) },
        options.onBytes,
      );
      if (copied.digest !== layer.digest || copied.frame !== root.merged.frames[index])
        throw layerDamaged(layer);
    }),
  );
}
