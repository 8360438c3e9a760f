import { KilnError } from '../errors';
import type { DiskTools } from './tools-tree';

export interface BuiltRoot {
  readonly disk: string;
  /** Byte of the disk where the root file system begins. */
  readonly start: number;
  /** Names in it, and how many the layers have. */
  readonly names: number;
  readonly merged: number;
}

/**
 * Two empty file systems are equal as well: what was built must be sound and have every name that was merged.
 * @throws KilnError `root-failed`.
 */
export async function requireWhole(tools: DiskTools, root: BuiltRoot): Promise<void> {
  const { disk, start, names, merged } = root;
  const { code, stderr } = await tools.run('fsck.erofs', [`--offset=${String(start)}`, disk], {
    accept: [0, 1],
  });
  if (code === 0 && names === merged) return;
  throw new KilnError({
    code: 'root-failed',
    what:
      code === 0
        ? `the root file system has ${String(names)} names, the layers have ${String(merged)}`
        : `fsck.erofs finds the root file system damaged: ${stderr.trim()}`,
    hint: 'bake again; if it persists, the disk or memory of this machine may be at fault',
  });
}
