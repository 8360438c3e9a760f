import type { ImageRegistration, Tags } from './ec2-images';

/** Where the root volume is attached; on Nitro machines the kernel sees it as NVMe. */
const ROOT = '/dev/xvda';

export const tagList = (tags: Tags): { Key: string; Value: string }[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** What RegisterImage is asked for: a machine as kiln's disks need it, with credentials from IMDSv2 alone. */
export const registration = ({ name, description, snapshot, volumeSize, tags }: ImageRegistration) => ({
  Name: name,
  Description: description,
  Architecture: 'x86_64' as const,
  VirtualizationType: 'hvm' as const,
  BootMode: 'uefi' as const,
  ImdsSupport: 'v2.0' as const,
  EnaSupport: true,
  RootDeviceName: ROOT,
  BlockDeviceMappings: [
    {
      DeviceName: ROOT,
      // Encryption is the snapshot's: to say it here is refused.
      Ebs: {
        SnapshotId: snapshot,
        VolumeSize: volumeSize,
        VolumeType: 'gp3' as const,
        DeleteOnTermination: true,
      },
    },
  ],
  TagSpecifications: [{ ResourceType: 'image' as const, Tags: tagList(tags) }],
});
