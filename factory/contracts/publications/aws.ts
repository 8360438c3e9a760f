import { z } from 'zod';
import { Digest, Name } from '../digest';

/** As EC2 names regions: `eu-central-1`, `us-gov-west-1`. */
export const AwsRegion = z
  .string()
  .regex(/^[a-z]{2,3}(-[a-z]+)+-\d$/, 'must be a region such as eu-central-1');
/** Twelve digits. */
export const AwsAccount = z.string().regex(/^\d{12}$/, 'must be an account number of 12 digits');
export const KmsKeyArn = z
  .string()
  .regex(
    /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/,
    'must be the ARN of a key: arn:aws:kms:REGION:ACCOUNT:key/ID',
  );
const AmiId = z.string().regex(/^ami-[0-9a-f]+$/);
const SnapshotId = z.string().regex(/^snap-[0-9a-f]+$/);

const Common = {
  version: z.literal(1),
  to: z.literal('aws'),
  /** Digest of the disk. */
  digest: Digest,
  region: AwsRegion,
  ami: AmiId,
  /** user@host. */
  by: z.string().min(1),
  /** RFC 3339, UTC. */
  at: z.iso.datetime(),
};

/** What happened to an image at AWS. What there is now is the sum of it (factory/publish/aws/standing.ts). */
export const AwsPublication = z.discriminatedUnion('event', [
  z.strictObject({
    ...Common,
    event: z.literal('published'),
    account: AwsAccount,
    /** The AMI's name. */
    name: z.string(),
    /** The image's name. */
    image: Name,
    snapshot: SnapshotId,
    /** GiB. */
    volumeSize: z.int().positive(),
    /** ARN; null when the snapshot is not encrypted. */
    kmsKey: KmsKeyArn.nullable(),
    origin: z.discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('upload'),
        /** Whose snapshot only the difference was sent to; null for a whole one. */
        parent: z.strictObject({ digest: Digest, snapshot: SnapshotId }).nullable(),
        /** Blocks of 512 KiB sent; used: those of the disk that are not zero. */
        blocks: z.strictObject({ sent: z.int().nonnegative(), used: z.int().nonnegative() }),
        /** Blocks read back and compared. */
        readBack: z.int().nonnegative(),
      }),
      z.strictObject({ kind: z.literal('copy'), region: AwsRegion, ami: AmiId }),
      /** It was there without a record of it, and its tags say that it is this image. */
      z.strictObject({ kind: z.literal('found') }),
    ]),
  }),
  z.strictObject({ ...Common, event: z.literal('shared'), accounts: z.array(AwsAccount).min(1) }),
  /** from: when AWS stops listing it to others; null: it is listed again. */
  z.strictObject({ ...Common, event: z.literal('deprecated'), from: z.iso.datetime().nullable() }),
  /** The AMI was deregistered and its snapshot deleted. */
  z.strictObject({ ...Common, event: z.literal('withdrawn') }),
]);
export type AwsPublication = z.infer<typeof AwsPublication>;
export type PublishedAmi = Extract<AwsPublication, { event: 'published' }>;
