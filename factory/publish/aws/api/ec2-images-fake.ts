import { AwsError } from './aws-error';
import { FakeCaller, type FakeAws, type FakeImage, type FakeSnapshot } from './aws-fake';
import { registration } from './ec2-image-parameters';
import type { Ec2Images, ImageCopy, ImageInfo, ImageRegistration, SnapshotInfo, Wanted } from './ec2-images';

/** RegisterImage's parameters, as a request carries them. */
export interface RawRegistration {
  readonly Name?: string | undefined;
  readonly Architecture?: string | undefined;
  readonly VirtualizationType?: string | undefined;
  readonly BootMode?: string | undefined;
  readonly ImdsSupport?: string | undefined;
  readonly EnaSupport?: boolean | undefined;
  readonly RootDeviceName?: string | undefined;
  readonly BlockDeviceMappings?: readonly {
    readonly DeviceName?: string | undefined;
    readonly Ebs?: {
      readonly SnapshotId?: string | undefined;
      readonly VolumeSize?: number | undefined;
      readonly VolumeType?: string | undefined;
      readonly Encrypted?: boolean | undefined;
    };
  }[];
  readonly TagSpecifications?: readonly {
    readonly ResourceType?: string | undefined;
    readonly Tags?: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[];
  }[];
}

const refuse = (code: string, message: string): AwsError => new AwsError(code, message, 400);
const tagsOf = (specifications: RawRegistration['TagSpecifications'], type: string): Record<string, string> =>
  Object.fromEntries(
    (specifications ?? [])
      .filter(({ ResourceType }) => ResourceType === type)
      .flatMap(({ Tags }) => (Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value] as const)),
  );

/** AMIs in one region of a FakeAws, every rule of their reference applied that kiln's calls can break. */
export class FakeEc2Images implements Ec2Images {
  constructor(
    private readonly aws: FakeAws,
    private readonly region: string,
    private readonly caller = new FakeCaller(),
  ) {}

  private do<T>(operation: string, work: () => T): Promise<T> {
    return this.aws.call(this.caller, { service: 'ec2', operation, region: this.region }, work);
  }

  encryptionByDefault(): Promise<boolean> {
    return this.do(
      'GetEbsEncryptionByDefault',
      () => this.aws.options.encryptedByDefault?.includes(this.region) === true,
    );
  }

  snapshots(wanted: Wanted): Promise<readonly SnapshotInfo[]> {
    return this.do('DescribeSnapshots', () =>
      [...this.aws.snapshots.values()]
        .filter((each) => this.visible(each))
        .map((each) => this.aws.settle(each))
        .filter((each) => fits(wanted, each.id, undefined, each.tags))
        .map((each): SnapshotInfo => ({
          snapshot: each.id,
          state: each.state,
          message: each.message,
          kmsKey: each.kmsKey,
          volumeSize: each.volumeSize,
          account: this.aws.account,
          startedAt: each.startedAt,
          tags: each.tags,
        })),
    );
  }

  images(wanted: Wanted): Promise<readonly ImageInfo[]> {
    return this.do('DescribeImages', () =>
      [...this.aws.images.values()]
        .filter((each) => this.visible(each))
        .filter((each) => fits(wanted, each.id, each.name, each.tags))
        .map((each): ImageInfo => ({
          ami: each.id,
          name: each.name,
          state: this.stateOf(each),
          message: undefined,
          account: this.aws.account,
          snapshot: each.snapshot,
          deprecatedFrom: each.deprecatedFrom,
          tags: each.tags,
        })),
    );
  }

  deleteSnapshot(id: string): Promise<void> {
    return this.do('DeleteSnapshot', () => {
      this.snapshot(id);
      const used = [...this.aws.images.values()].find(({ snapshot }) => snapshot === id);
      if (used !== undefined)
        throw refuse('InvalidSnapshot.InUse', `The snapshot ${id} is in use by ${used.id}`);
      this.aws.snapshots.delete(id);
    });
  }

  register(request: ImageRegistration): Promise<string> {
    return this.registerAs(registration(request));
  }

  registerAs(raw: RawRegistration): Promise<string> {
    return this.do('RegisterImage', () => this.registered(raw));
  }

  copy(request: ImageCopy): Promise<string> {
    return this.do('CopyImage', () => {
      const { from, name, token, kmsKey, tags } = request;
      const remembered = JSON.stringify(request);
      const before = this.aws.tokens.get(`${this.region} copy ${token}`);
      if (before !== undefined) {
        if (before.request === remembered) return before.id;
        throw refuse('IdempotentParameterMismatch', 'The client token was used with another request');
      }
      const source = this.aws.images.get(from.ami);
      if (source?.region !== from.region)
        throw refuse('InvalidAMIID.NotFound', `The image ${from.ami} does not exist`);
      if (this.stateOf(source) !== 'available')
        throw refuse('InvalidAMIID.Unavailable', `The image ${from.ami} is not available`);
      this.checkName(name);
      const original = this.aws.snapshots.get(source.snapshot) as FakeSnapshot;
      if (original.kmsKey !== undefined && kmsKey === undefined)
        throw refuse(
          'InvalidParameterDependency',
          'This fake wants a key for the copy of an encrypted image',
        );
      if (kmsKey?.startsWith(`arn:aws:kms:${this.region}:`) === false)
        throw refuse('KMSKeyNotAccessibleFault', 'The key is of another region');
      const snapshot: FakeSnapshot = {
        ...original,
        id: this.aws.newId('snap'),
        region: this.region,
        kmsKey,
        tags: { ...tags },
        blocks: new Map(original.blocks),
        puts: new Map(),
        answered: new Set(),
        repeated: 0,
        visibleAt: this.aws.later.visibleAt,
        sharedWith: new Set(),
      };
      this.aws.snapshots.set(snapshot.id, snapshot);
      const image = this.newImage({ ...source, name, snapshot: snapshot.id, tags: { ...tags } });
      this.aws.tokens.set(`${this.region} copy ${token}`, { request: remembered, id: image.id });
      return image.id;
    });
  }

  shareSnapshot(id: string, accounts: readonly string[]): Promise<void> {
    return this.do('ModifySnapshotAttribute', () => {
      const snapshot = this.snapshot(id);
      checkAccounts(accounts);
      if (snapshot.kmsKey?.endsWith('ebs0') === true)
        throw refuse('InvalidParameter', 'A snapshot under the account’s default key cannot be shared');
      for (const account of accounts) snapshot.sharedWith.add(account);
    });
  }

  shareImage(ami: string, accounts: readonly string[]): Promise<void> {
    return this.do('ModifyImageAttribute', () => {
      checkAccounts(accounts);
      for (const account of accounts) this.image(ami).sharedWith.add(account);
    });
  }

  deprecate(ami: string, from: string | undefined): Promise<void> {
    return this.do(from === undefined ? 'DisableImageDeprecation' : 'EnableImageDeprecation', () => {
      const image = this.image(ami);
      if (from !== undefined && Date.parse(from) < this.aws.clock.now())
        throw refuse('InvalidParameterValue', 'The deprecation lies in the past');
      image.deprecatedFrom = from;
    });
  }

  deregister(ami: string): Promise<void> {
    return this.do('DeregisterImage', () => {
      this.aws.images.delete(this.image(ami).id);
    });
  }

  close(): void {
    // Nothing is open.
  }

  private visible(each: { readonly region: string; readonly visibleAt: number }): boolean {
    return each.region === this.region && each.visibleAt <= this.aws.clock.now();
  }

  private snapshot(id: string): FakeSnapshot {
    const found = this.aws.snapshots.get(id);
    if (found?.region !== this.region)
      throw refuse('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`);
    return this.aws.settle(found);
  }

  private image(ami: string): FakeImage {
    const found = this.aws.images.get(ami);
    if (found?.region !== this.region)
      throw refuse('InvalidAMIID.NotFound', `The image id '[${ami}]' does not exist`);
    return found;
  }

  /** Seen to be available, it may be said to be pending once more. */
  private stateOf(image: FakeImage): string {
    if (this.aws.clock.now() < image.availableAt) return 'pending';
    image.looks += 1;
    if (image.flaps > 0 && image.looks % 2 === 0) {
      image.flaps -= 1;
      return 'pending';
    }
    return 'available';
  }

  private checkName(name: string | undefined): asserts name is string {
    if (name === undefined || !/^[A-Za-z0-9()[\] ./\-'@_]{3,128}$/.test(name))
      throw refuse('InvalidAMIName.Malformed', 'AMI names must be between 3 and 128 characters long');
    const taken = [...this.aws.images.values()].find(
      (each) => each.region === this.region && each.name === name,
    );
    if (taken !== undefined)
      throw refuse('InvalidAMIName.Duplicate', `AMI name ${name} is already in use by AMI ${taken.id}`);
  }

  private newImage(
    from: Omit<
      FakeImage,
      'id' | 'region' | 'availableAt' | 'visibleAt' | 'flaps' | 'looks' | 'sharedWith' | 'deprecatedFrom'
    >,
  ): FakeImage {
    const { visibleAt, settledAt } = this.aws.later;
    const image: FakeImage = {
      ...from,
      id: this.aws.newId('ami'),
      region: this.region,
      availableAt: settledAt,
      visibleAt,
      flaps: this.aws.options.flaps ?? 0,
      looks: 0,
      sharedWith: new Set(),
      deprecatedFrom: undefined,
    };
    this.aws.images.set(image.id, image);
    return image;
  }

  private registered(raw: RawRegistration): string {
    this.checkName(raw.Name);
    const { Architecture, BootMode, ImdsSupport, EnaSupport, RootDeviceName, VirtualizationType } = raw;
    if (Architecture !== 'x86_64' && Architecture !== 'arm64')
      throw refuse('InvalidParameterValue', 'The architecture is not valid');
    if (VirtualizationType !== 'hvm') throw refuse('InvalidParameterValue', 'Only hvm');
    if (BootMode !== 'uefi' && BootMode !== 'legacy-bios' && BootMode !== 'uefi-preferred')
      throw refuse('InvalidParameterValue', 'The boot mode is not valid');
    if (ImdsSupport !== undefined && ImdsSupport !== 'v2.0')
      throw refuse('InvalidParameterValue', 'ImdsSupport is v2.0 or left out');
    const root = raw.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === RootDeviceName)?.Ebs;
    if (RootDeviceName === undefined || root?.SnapshotId === undefined)
      throw refuse('InvalidBlockDeviceMapping', 'The root device has no snapshot');
    if (root.Encrypted !== undefined)
      throw refuse('InvalidBlockDeviceMapping', 'Encryption is the snapshot’s and must not be given');
    const snapshot = this.snapshot(root.SnapshotId);
    if (snapshot.state !== 'completed') throw refuse('IncorrectState', 'The snapshot is not completed');
    if ((root.VolumeSize ?? snapshot.volumeSize) < snapshot.volumeSize)
      throw refuse('InvalidBlockDeviceMapping', 'Volume size is smaller than the snapshot');
    const tags = tagsOf(raw.TagSpecifications, 'image');
    if (Object.keys(tags).length > 50) throw refuse('TagLimitExceeded', 'At most 50 tags');
    return this.newImage({
      name: raw.Name,
      snapshot: snapshot.id,
      tags,
      bootMode: BootMode,
      imdsSupport: ImdsSupport ?? '',
      ena: EnaSupport === true,
      architecture: Architecture,
      volumeType: root.VolumeType ?? 'gp2',
    }).id;
  }
}

function fits(
  wanted: Wanted,
  id: string,
  name: string | undefined,
  tags: Readonly<Record<string, string>>,
): boolean {
  if ('ids' in wanted) return wanted.ids.includes(id);
  if ('name' in wanted) return wanted.name === name;
  return tags[wanted.tag.key] === wanted.tag.value;
}

function checkAccounts(accounts: readonly string[]): void {
  const wrong = accounts.find((account) => !/^\d{12}$/.test(account));
  if (wrong !== undefined) throw refuse('InvalidUserID.Malformed', `Invalid user id: "${wrong}"`);
}
