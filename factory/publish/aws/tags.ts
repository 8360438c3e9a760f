import type { ImageRecord } from '../../contracts/record';
import { defined } from '../../defined';
import type { Tags } from './api/ec2-images';

/** Names of the tags that kiln sets and looks for. */
export const TAG = {
  image: 'kiln:image',
  digest: 'kiln:digest',
  contentId: 'kiln:content-id',
  lock: 'kiln:lock',
  parent: 'kiln:parent',
  /** On snapshots that were uploaded: the attempt's token. */
  upload: 'kiln:upload',
  /** On snapshots that were uploaded: which project on which host. */
  publisher: 'kiln:publisher',
} as const;

/** 36 digits of the digest: a name tells an image from all others that anybody will ever bake. */
export const amiName = ({ image, digest }: Pick<ImageRecord, 'image' | 'digest'>): string =>
  `${image}-${digest.slice('sha256:'.length, 'sha256:'.length + 36)}`;

/** What an AMI and its snapshot say of themselves; `parent` is the image that only the difference to was sent. */
export const imageTags = (record: ImageRecord, parent: string | undefined): Tags => ({
  Name: amiName(record),
  [TAG.image]: record.image,
  [TAG.digest]: record.digest,
  [TAG.contentId]: record.contentId,
  [TAG.lock]: record.lock,
  ...defined({ [TAG.parent]: parent }),
  ...Object.fromEntries(
    ['spark', 'java', 'python', 'debian'].flatMap((name) => {
      const version = record.versions[name];
      return version === undefined ? [] : [[`kiln:${name}`, version] as const];
    }),
  ),
});

export const uploadTags = (
  record: ImageRecord,
  upload: { readonly parent: string | undefined; readonly token: string; readonly publisher: string },
): Tags => ({
  ...imageTags(record, upload.parent),
  [TAG.upload]: upload.token,
  [TAG.publisher]: upload.publisher,
});
