import { stat } from 'node:fs/promises';
import { digestDiffers, shortDigest } from '../../../registry/errors';
import { Meter } from '../../../progress';
import { type DiskBlocks, surveyDisk } from './disk-blocks';
import type { Effects } from '../effects';

/**
 * Reads an image's disk, telling how far it is.
 * @throws KilnError `digest-differs` when it is not the image that its name says.
 */
export async function readDisk(
  { pause, report }: Effects,
  disk: string,
  digest: string,
): Promise<DiskBlocks> {
  const { size } = await stat(disk);
  const step = `read ${shortDigest(digest)}`;
  const meter = new Meter(pause, 1, size, (progress) => {
    report({ event: 'progress', step, ...progress });
  });
  const read = await surveyDisk(disk, (bytes) => {
    meter.add(bytes);
  });
  if (read.digest !== digest) throw digestDiffers(disk, digest, read.digest);
  meter.complete();
  return read.blocks;
}
