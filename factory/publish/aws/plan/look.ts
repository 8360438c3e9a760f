import type { ImageRecord } from '../../../contracts/record';
import { KilnError } from '../../../errors';
import { AwsError } from '../api/aws-error';
import type { ImageInfo, SnapshotInfo } from '../api/ec2-images';
import { type Effects, patience } from '../effects';
import type { Journalled } from '../journal';
import { persist } from '../persist';
import { amiName, TAG } from '../tags';

/** What AWS has of an image's name in a region. */
export interface Seen {
  readonly encryptedByDefault: boolean;
  /** The AMI of this digest. */
  readonly ami: ImageInfo | undefined;
  readonly images: readonly ImageInfo[];
  readonly snapshots: readonly SnapshotInfo[];
}

/** Milliseconds for which a snapshot may not be listed yet. */
const YOUNG = 120_000;

/**
 * Looks at a region; changes nothing.
 * @param journalled what a run here left: its snapshot is waited for when it is too young to be listed.
 * @throws KilnError `ami-name-taken`, and what explainAws says.
 */
export async function lookAt(
  effects: Effects,
  region: string,
  record: ImageRecord,
  journalled?: Journalled,
): Promise<Seen> {
  const images = effects.images(region);
  const calls = patience(effects, region, 'look');
  const wanted = { tag: { key: TAG.image, value: record.image } };
  // One call first: what is wrong with credentials or region is told once.
  const encryptedByDefault = await persist(
    'asking whether snapshots are encrypted by default',
    () => images.encryptionByDefault(),
    calls,
  );
  if (journalled?.snapshot !== undefined)
    await listed(effects, region, journalled.snapshot, journalled.intent.at);
  const [named, ofImage, snapshots] = await Promise.all([
    persist('looking for the AMI', () => images.images({ name: amiName(record) }), calls),
    persist('looking for AMIs', () => images.images(wanted), calls),
    persist('looking for snapshots', () => images.snapshots(wanted), calls),
  ]);
  return { encryptedByDefault, ami: ofDigest(named, record, region), images: ofImage, snapshots };
}

async function listed(effects: Effects, region: string, snapshot: string, since: string): Promise<void> {
  const young = (): boolean => effects.pause.now() - Date.parse(since) < YOUNG;
  await persist(
    `looking for ${snapshot}`,
    async () => {
      const [found] = await effects.images(region).snapshots({ ids: [snapshot] });
      if (found === undefined && young())
        throw new AwsError('ResourceNotFoundException', 'it is not listed', 404);
    },
    patience(effects, region, 'look', { also: ({ fault }) => fault === 'missing', within: 2 * YOUNG }),
  );
}

function ofDigest(
  named: readonly ImageInfo[],
  { digest }: ImageRecord,
  region: string,
): ImageInfo | undefined {
  const [found] = named;
  if (found === undefined || found.tags[TAG.digest] === digest) return found;
  throw new KilnError({
    code: 'ami-name-taken',
    what: `${found.ami} in ${region} has the name ${found.name}, but its tag ${TAG.digest} does not say ${digest}`,
    hint: `if kiln made it, its tags were changed: set ${TAG.digest} again; else deregister or rename it`,
  });
}
