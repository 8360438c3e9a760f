import { z } from 'zod';
import { Digest, Sha256 } from './digest';

/**
 * images/<hex>/chunks.json: which parts an image's raw disk is made of. A part that is all zero is left out; the
 * others are kept once for all images, as chunks/<2 hex>/<64 hex>.zst.
 */
export const DiskIndex = z
  .strictObject({
    version: z.literal(1),
    /** Of the whole raw disk. */
    digest: Digest,
    /** Bytes of the raw disk. */
    size: z.int().positive(),
    /** Bytes of a part; the last one may be shorter. */
    chunk: z
      .int()
      .min(4096)
      .max(16 * 1024 * 1024),
    /** Position (in parts, from 0) and sha256 of what the part holds, by position. */
    chunks: z.array(z.tuple([z.int().nonnegative(), Sha256])),
  })
  .superRefine(({ size, chunk, chunks }, context) => {
    const end = Math.ceil(size / chunk);
    chunks.forEach(([position], index) => {
      const before = chunks[index - 1]?.[0] ?? -1;
      if (position > before && position < end) return;
      context.addIssue({
        code: 'custom',
        path: ['chunks', index],
        message: 'is not behind the part before it, inside the disk',
      });
    });
  });
export type DiskIndex = z.infer<typeof DiskIndex>;
