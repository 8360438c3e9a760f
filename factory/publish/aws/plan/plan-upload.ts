import { join } from 'node:path';
import type { CatalogueImage } from '../../../registry/catalogue';
import { imageFiles } from '../../../registry/image-files';
import { DISK } from '../../../registry/layout';
import type { DiskBlocks } from './disk-blocks';
import type { Effects } from '../effects';
import type { Journalled } from '../journal';
import type { Seen } from './look';
import { chooseParent, type Parent } from './parent';
import type { UploadPlan } from './plan';
import { blocksToSend, volumeSize } from './plan-blocks';
import type { Place } from '../../platform';
import type { Asked } from '../request';
import { readDisk } from './read-disk';
import type { Standing } from '../standing';

/** The raw disk: of the bake here, else made from the registry. */
export const diskOf = async ({ home, cache }: Place, image: CatalogueImage): Promise<string> =>
  join(await imageFiles(home, { cache }, image), DISK);

interface UploadQuestion {
  readonly target: CatalogueImage;
  readonly blocks: DiskBlocks;
  readonly region: string;
  readonly seen: Seen;
  /** What stands in the region. */
  readonly standing: readonly Standing[];
  /** What a run that did not end left, if its snapshot can be gone on with. */
  readonly resume: Journalled | undefined;
}

/** What lies below, or why nothing does. */
function below(place: Place, asked: Asked, question: UploadQuestion): Parent | string {
  const { target, region, seen, resume } = question;
  if (asked.whole) return '--whole was given';
  const begun = resume?.intent.parent;
  if (begun === null) return 'the run that began it sent all';
  return chooseParent({
    digest: target.digest,
    volumeSize: volumeSize(target.record.size),
    logs: place.catalogue.logs,
    // What was begun upon one snapshot goes on upon it.
    standing: question.standing.filter(
      ({ published }) => begun === undefined || published.snapshot === begun.snapshot,
    ),
    snapshots: seen.snapshots,
    kmsKey: asked.kmsKeys.get(region),
    encryptedByDefault: seen.encryptedByDefault,
    atHand: (digest) => {
      const image = place.catalogue.images.find((each) => each.digest === digest);
      return image !== undefined && (image.stored || image.bake !== undefined);
    },
  });
}

/**
 * What has to be sent. The disk below is read, too, since what differs is found here and not asked of AWS.
 * @returns `resume` only if what it began can go on.
 */
export async function planUpload(
  effects: Effects,
  place: Place,
  asked: Asked,
  question: UploadQuestion,
): Promise<{ readonly upload: UploadPlan; readonly resume: Journalled | undefined }> {
  const { target, blocks, region, seen } = question;
  const chosen = below(place, asked, question);
  const parent = typeof chosen === 'string' ? undefined : chosen;
  const image = place.catalogue.images.find(({ digest }) => digest === parent?.digest);
  const parentBlocks = image && (await readDisk(effects, await diskOf(place, image), image.digest));
  const size = volumeSize(target.record.size);
  const encrypted = asked.kmsKeys.has(region) || seen.encryptedByDefault;
  const send = blocksToSend({
    blocks,
    volumeSize: size,
    encrypted,
    ...(parent === undefined || parentBlocks === undefined
      ? {}
      : { parent: { blocks: parentBlocks, volumeSize: parent.volumeSize } }),
  });
  const resume = question.resume?.intent.parent?.snapshot === parent?.snapshot ? question.resume : undefined;
  return {
    upload: {
      volumeSize: size,
      encrypted,
      parent,
      whole: typeof chosen === 'string' ? chosen : undefined,
      send,
      used: blocks.used,
      sentBefore: send.filter((index) => resume?.sent.has(index) === true).length,
    },
    resume,
  };
}
