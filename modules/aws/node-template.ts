import { LaunchTemplate } from '@cdktf/provider-aws/lib/launch-template';
import { Token } from 'cdktf';
import { Construct } from 'constructs';
import type { NodeConfig } from '../../factory/contracts/node';
import { userData } from '../../factory/contracts/user-data';
import { defined } from '../../factory/defined';
import { USER_DATA } from './limits';
import type { MachineImage } from './machine-image';

export interface NodeTemplateProps {
  readonly name: string;
  readonly image: MachineImage;
  /** node.json; machines and disks are tagged with its image. */
  readonly node: NodeConfig;
  readonly type: string;
  /** ARN of the instance profile. */
  readonly profile: string;
  /** Machines get a network interface of these groups, or this one that is there. */
  readonly network: { readonly securityGroups: readonly string[] } | { readonly interface: string };
  /** Size of the root disk: the image's, since nothing on a node makes use of more. */
  readonly diskGiB: number;
  /** ARN of the key of root disks. @default the account's own alias/aws/ebs */
  readonly kmsKey?: string;
  readonly tags: Readonly<Record<string, string>>;
}

const tooLong = (name: string, bytes: number): string[] =>
  bytes > USER_DATA
    ? [
        `${name}: node.json has ${bytes} bytes as user data, and EC2 takes ${USER_DATA}; what jobs alone need can be set by the jobs, with --conf`,
      ]
    : [];

/** What a machine of one kind is started from. Any change of it is a new version, and rolls the machines of it. */
export class NodeTemplate extends Construct {
  readonly id: string;
  /** A reference to the newest version: a group sees that there is another one. */
  readonly version: string;

  constructor(scope: Construct, id: string, props: NodeTemplateProps) {
    super(scope, id);
    const own = { ...props.tags, Name: props.name };
    const tags = { ...own, 'kiln:digest': props.node.image.digest };
    const text = userData(props.node);
    this.node.addValidation({
      validate: () =>
        Token.isUnresolved(text)
          ? [`${props.name}: node.json must be known at synth, and holds a reference`]
          : tooLong(props.name, Buffer.byteLength(text)),
    });
    const template = new LaunchTemplate(this, 'template', {
      name: props.name,
      imageId: props.image.id,
      instanceType: props.type,
      iamInstanceProfile: { arn: props.profile },
      userData: Buffer.from(text).toString('base64'),
      updateDefaultVersion: true,
      // Metadata by token only, and no answer that a container's bridge could pass on.
      metadataOptions: {
        httpEndpoint: 'enabled',
        httpTokens: 'required',
        httpPutResponseHopLimit: 1,
        instanceMetadataTags: 'disabled',
      },
      networkInterfaces: [
        'interface' in props.network
          ? // AWS takes neither groups nor a public address beside an interface that is there.
            { deviceIndex: 0, networkInterfaceId: props.network.interface, deleteOnTermination: 'false' }
          : {
              deviceIndex: 0,
              associatePublicIpAddress: 'false',
              deleteOnTermination: 'true',
              securityGroups: [...props.network.securityGroups],
            },
      ],
      blockDeviceMappings: [
        {
          deviceName: props.image.rootDevice,
          ebs: {
            encrypted: 'true',
            volumeType: 'gp3',
            volumeSize: props.diskGiB,
            deleteOnTermination: 'true',
            ...defined({ kmsKeyId: props.kmsKey }),
          },
        },
      ],
      // A node that turns itself off is not kept and paid for.
      instanceInitiatedShutdownBehavior: 'terminate',
      tagSpecifications: ['instance', 'volume'].map((resourceType) => ({ resourceType, tags })),
      tags: own,
    });
    this.id = template.id;
    this.version = `\${${template.fqn}.latest_version}`;
  }
}
