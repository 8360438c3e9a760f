import { closeSync, openSync, rmSync, truncateSync } from 'node:fs';
import { composeDisk } from './compose';
import { type Layout, partitionTable } from './layout';
import type { DiskTools } from './tools-tree';

/**
 * Table and partitions to one sparse raw disk.
 * @param files one for each partition of the layout, in its order; they are gone afterwards.
 * @returns sha256 of the disk, 64 hex digits.
 */
export async function writeDisk(
  tools: DiskTools,
  layout: Layout,
  files: readonly string[],
  disk: string,
): Promise<string> {
  const parts = layout.partitions.map(({ name, start }, index) => {
    const file = files[index];
    if (file === undefined) throw new Error(`partition ${name} has no file`);
    return { file, start };
  });
  closeSync(openSync(disk, 'wx'));
  truncateSync(disk, layout.size);
  await tools.run('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', disk], {
    input: partitionTable(layout),
  });
  const digest = await composeDisk(disk, parts, layout.size);
  for (const file of files) rmSync(file);
  return digest;
}
