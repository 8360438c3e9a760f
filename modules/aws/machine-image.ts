import { DataAwsAmi } from '@cdktf/provider-aws/lib/data-aws-ami';
import { Construct } from 'constructs';
import { KilnError } from '../../factory/errors';
import { publishedAmis } from '../../factory/registry/published';
import type { ResolvedImage } from '../../factory/registry/read';
import { NO_IMAGE } from '../stack-image';
import type { AwsPlace } from './place';

/** An AMI by its id. */
export interface GivenAmi {
  readonly id: string;
  /** Account that owns it, where it is shared with this one. @default this account */
  readonly owner?: string;
}

/** Tag that `kiln publish` gives an AMI: the digest of the disk it was made from. */
const DIGEST_TAG = 'kiln:digest';

/**
 * The AMI that an image was published as in this region. The registry says which one; EC2 is asked at
 * every plan whether it is there and carries the image's digest, and nothing changes if not.
 */
export class MachineImage extends Construct {
  readonly id: string;
  readonly rootDevice: string;

  constructor(scope: Construct, id: string, place: AwsPlace, image: ResolvedImage, given?: GivenAmi) {
    super(scope, id);
    if (image === NO_IMAGE) {
      // EC2 would be asked even for a destroy, which then failed where the AMI is gone.
      this.id = 'ami-00000000000000000';
      this.rootDevice = '/dev/xvda';
      return;
    }
    const { ami, owner } =
      given === undefined ? this.published(place, image) : { ami: given.id, owner: given.owner };
    const own = owner === undefined || owner === place.account;
    const found = new DataAwsAmi(this, 'ami', {
      owners: [owner ?? place.account],
      filter: [{ name: 'image-id', values: [ami] }],
      // An account sees the tags of its own AMIs only. What another one shares is proved by each node at boot.
      ...(own ? { lifecycle: { postcondition: [carries(ami, image.digest)] } } : {}),
    });
    this.id = found.id;
    this.rootDevice = found.rootDeviceName;
  }

  private published(
    { account, region }: AwsPlace,
    { digest, publications }: ResolvedImage,
  ): { ami: string; owner: string } {
    const all = publishedAmis(publications, region);
    const best = all.find((each) => each.account === account) ?? all[0];
    if (best === undefined) throw notPublished(digest, region);
    return { ami: best.ami, owner: best.account };
  }
}

const carries = (ami: string, digest: string) => ({
  condition: `\${try(self.tags["${DIGEST_TAG}"], "") == "${digest}"}`,
  errorMessage:
    `${ami} is not the image that this stack was synthesised for: its tag ${DIGEST_TAG} is not ${digest}. ` +
    'Publish that image (kiln publish), or give the stack the AMI that was made from it.',
});

const notPublished = (digest: string, region: string): KilnError =>
  new KilnError({
    code: 'image-not-published',
    what: `image ${digest.slice(0, 'sha256:'.length + 12)} has no AMI in ${region}`,
    hint: `make one: kiln publish ${digest.slice(0, 'sha256:'.length + 12)} --to aws:${region} --apply\nor give the stack one: ami: { id: 'ami-…' }`,
    exitCode: 1,
  });
