import { z } from 'zod';
import { Digest, Name, Sha256 } from './digest';

/** Name of the lock's copy beside an image: what the record's `lock` is the digest of. */
export const LOCK_COPY = 'factory.lock.json';

/** record.json: what an image is. No clock time stands in it. */
export const ImageRecord = z.strictObject({
  version: z.literal(1),
  image: Name,
  /** Digest of the raw disk: the image's name. */
  digest: Digest,
  /** Bytes of the raw disk. */
  size: z.int().positive(),
  /** Digest over the ordered layer digests; baked into the image as /usr/lib/kiln/image.json. */
  contentId: Digest,
  /** Digest of factory.lock.json. */
  lock: Digest,
  layers: z.array(
    z.strictObject({
      name: Name,
      /** sha256 of recipe, inputs and what the recipe sees of other layers. */
      key: Sha256,
      /** Digest of the layer's tar. */
      digest: Digest,
      size: z.int().nonnegative(),
    }),
  ),
  /** Digest of files.mtree beside the record: every file of the root file system. */
  manifest: Digest,
  /** In the order of the disk; start and size in bytes. */
  partitions: z.array(
    z.strictObject({
      name: z.enum(['esp', 'root', 'root-verity', 'state']),
      type: z.guid(),
      uuid: z.guid(),
      start: z.int().positive(),
      size: z.int().positive(),
    }),
  ),
  /** dm-verity's root hash over the root partition, 64 hex digits: what a sealed node booted. */
  rootHash: Sha256,
  /** Versions that people ask for: spark, java, scala, hadoop, sdk, committer, python, debian. */
  versions: z.record(z.string(), z.string()),
  /** Digests of the images this one was built upon. */
  parents: z.array(Digest),
  bakedBy: z.strictObject({ kiln: z.string() }),
});
export type ImageRecord = z.infer<typeof ImageRecord>;
