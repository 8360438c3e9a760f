import { closeSync, openSync } from 'node:fs';
import { layerDamaged } from '../layers/damage';
import type { FileContent, MergeLayer } from '../layers/merge';
import { NOWHERE, PIECE } from './copy-layer';
import type { PlannedRoot } from './root';
import type { DoTask } from './tasks';
import { writeWhole } from './whole';

export interface CopyOptions {
  readonly layers: readonly (MergeLayer & { readonly size: number })[];
  /**
   * Index of each layer whose contents come from elsewhere, so that its tar is not read -> digest over the bytes of the
   * tar that are no file's content, `sha256:…`.
   */
  readonly reused?: ReadonlyMap<number, string>;
  readonly root: PlannedRoot;
  readonly disk: string;
  /** Byte of the disk where the root file system begins. */
  readonly start: number;
  readonly onBytes?: (bytes: number) => void;
}

interface Piece {
  readonly content: FileContent;
  readonly to: number;
}

const numbersOf = (pieces: readonly Piece[]): Float64Array => {
  const numbers = new Float64Array(pieces.length * PIECE);
  const sorted = [...pieces].sort((a, b) => a.content.at - b.content.at);
  for (const [index, { content, to }] of sorted.entries())
    numbers.set([content.at, content.size, to], index * PIECE);
  return numbers;
};

/**
 * Fills the root file system: each layer is read once, by whichever thread is free.
 * @throws KilnError `layer-damaged` when a tar's bytes are not those of its digest, or not those that were
 * planned with. What was written by then must be thrown away.
 */
export async function copyLayers(run: DoTask, options: CopyOptions): Promise<void> {
  const { layers, root, disk, start } = options;
  const pieces: Piece[] = [
    ...[...root.offsets].map(([content, to]) => ({ content, to: start + to })),
    ...[...root.merged.leftOut.values()].map((content) => ({ content, to: NOWHERE })),
  ];
  const file = openSync(disk, 'r+');
  try {
    writeWhole(file, root.metadata, start);
    for (const { content, to } of pieces) {
      const made = root.merged.added[content.layer - layers.length];
      if (made !== undefined) writeWhole(file, Buffer.from(made.content), to);
    }
  } finally {
    closeSync(file);
  }
  // The largest first: the threads then end at about the same time.
  const order = [...layers.entries()].sort(([, a], [, b]) => b.size - a.size);
  await Promise.all(
    order.map(async ([index, layer]) => {
      const reused = options.reused?.get(index);
      if (reused !== undefined) {
        if (`sha256:${root.merged.frames[index] ?? ''}` !== reused) throw layerDamaged(layer);
        return;
      }
      const own = pieces.filter(({ content }) => content.layer === index);
      const copied = await run(
        { kind: 'copy', tar: layer.tar, disk, pieces: numbersOf(own) },
        options.onBytes,
      );
      if (copied.digest !== layer.digest || copied.frame !== root.merged.frames[index])
        throw layerDamaged(layer);
    }),
  );
}
