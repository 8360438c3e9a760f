import {
  CopyImageCommand,
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DisableImageDeprecationCommand,
  EC2Client,
  EnableImageDeprecationCommand,
  type Filter,
  GetEbsEncryptionByDefaultCommand,
  type Image,
  ModifyImageAttributeCommand,
  ModifySnapshotAttributeCommand,
  paginateDescribeImages,
  paginateDescribeSnapshots,
  RegisterImageCommand,
  type Snapshot,
  type Tag,
} from '@aws-sdk/client-ec2';
import { asked, clientSettings, given } from './aws-sdk';
import { registration, tagList } from './ec2-image-parameters';
import type {
  Ec2Images,
  ImageCopy,
  ImageInfo,
  ImageRegistration,
  SnapshotInfo,
  Tags,
  Wanted,
} from './ec2-images';

/** Of a page of answers; AWS's own choice would be all at once, which times out in large accounts. */
const PAGE = 200;

const tagsOf = (tags: readonly Tag[] | undefined): Tags =>
  Object.fromEntries(
    (tags ?? []).flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? '']])),
  );

/** A filter finds nothing where an id that does not exist would be an error. */
function filters(wanted: Wanted, id: 'snapshot-id' | 'image-id'): Filter[] {
  if ('ids' in wanted) return [{ Name: id, Values: [...wanted.ids] }];
  if ('name' in wanted) return [{ Name: 'name', Values: [wanted.name] }];
  return [{ Name: `tag:${wanted.tag.key}`, Values: [wanted.tag.value] }];
}

function snapshotInfo(found: Snapshot): SnapshotInfo {
  const state = found.State;
  return {
    snapshot: given(found.SnapshotId, 'snapshotId'),
    state: state === 'pending' || state === 'completed' || state === 'error' ? state : 'other',
    message: found.StateMessage,
    kmsKey: found.Encrypted === true ? given(found.KmsKeyId, 'kmsKeyId') : undefined,
    volumeSize: given(found.VolumeSize, 'volumeSize'),
    account: given(found.OwnerId, 'ownerId'),
    startedAt: found.StartTime?.getTime() ?? 0,
    tags: tagsOf(found.Tags),
  };
}

function imageInfo(found: Image): ImageInfo {
  const root = found.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === found.RootDeviceName);
  return {
    ami: given(found.ImageId, 'imageId'),
    name: found.Name ?? '',
    state: given(found.State, 'imageState'),
    message: found.StateReason?.Message,
    account: given(found.OwnerId, 'imageOwnerId'),
    snapshot: root?.Ebs?.SnapshotId,
    deprecatedFrom: found.DeprecationTime,
    tags: tagsOf(found.Tags),
  };
}

/** AMIs by AWS's SDK. */
export class AwsEc2Images implements Ec2Images {
  private readonly client: EC2Client;

  constructor(region: string) {
    this.client = new EC2Client(clientSettings(region));
  }

  async encryptionByDefault(): Promise<boolean> {
    const answer = await asked(() => this.client.send(new GetEbsEncryptionByDefaultCommand({})));
    return answer.EbsEncryptionByDefault === true;
  }

  async snapshots(wanted: Wanted): Promise<readonly SnapshotInfo[]> {
    return await asked(async () => {
      const found: SnapshotInfo[] = [];
      const pages = paginateDescribeSnapshots(
        { client: this.client, pageSize: PAGE },
        { OwnerIds: ['self'], Filters: filters(wanted, 'snapshot-id') },
      );
      for await (const page of pages) found.push(...(page.Snapshots ?? []).map(snapshotInfo));
      return found;
    });
  }

  async images(wanted: Wanted): Promise<readonly ImageInfo[]> {
    return await asked(async () => {
      const found: ImageInfo[] = [];
      const pages = paginateDescribeImages(
        { client: this.client, pageSize: PAGE },
        {
          Owners: ['self'],
          IncludeDeprecated: true,
          IncludeDisabled: true,
          Filters: filters(wanted, 'image-id'),
        },
      );
      for await (const page of pages) found.push(...(page.Images ?? []).map(imageInfo));
      return found;
    });
  }

  async deleteSnapshot(snapshot: string): Promise<void> {
    await asked(() => this.client.send(new DeleteSnapshotCommand({ SnapshotId: snapshot })));
  }

  async register(request: ImageRegistration): Promise<string> {
    const { ImageId } = await asked(() => this.client.send(new RegisterImageCommand(registration(request))));
    return given(ImageId, 'imageId');
  }

  async copy({ from, name, description, token, kmsKey, tags }: ImageCopy): Promise<string> {
    const { ImageId } = await asked(() =>
      this.client.send(
        new CopyImageCommand({
          SourceImageId: from.ami,
          SourceRegion: from.region,
          Name: name,
          Description: description,
          ClientToken: token,
          ...(kmsKey === undefined ? {} : { Encrypted: true, KmsKeyId: kmsKey }),
          TagSpecifications: [
            { ResourceType: 'image', Tags: tagList(tags) },
            { ResourceType: 'snapshot', Tags: tagList(tags) },
          ],
        }),
      ),
    );
    return given(ImageId, 'imageId');
  }

  async shareSnapshot(snapshot: string, accounts: readonly string[]): Promise<void> {
    const Add = accounts.map((UserId) => ({ UserId }));
    await asked(() =>
      this.client.send(
        new ModifySnapshotAttributeCommand({ SnapshotId: snapshot, CreateVolumePermission: { Add } }),
      ),
    );
  }

  async shareImage(ami: string, accounts: readonly string[]): Promise<void> {
    const Add = accounts.map((UserId) => ({ UserId }));
    await asked(() =>
      this.client.send(new ModifyImageAttributeCommand({ ImageId: ami, LaunchPermission: { Add } })),
    );
  }

  async deprecate(ami: string, from: string | undefined): Promise<void> {
    await asked(async () => {
      if (from === undefined) await this.client.send(new DisableImageDeprecationCommand({ ImageId: ami }));
      else
        await this.client.send(
          new EnableImageDeprecationCommand({ ImageId: ami, DeprecateAt: new Date(from) }),
        );
    });
  }

  async deregister(ami: string): Promise<void> {
    await asked(() => this.client.send(new DeregisterImageCommand({ ImageId: ami })));
  }

  close(): void {
    this.client.destroy();
  }
}
