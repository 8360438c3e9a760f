import { AutoscalingGroup } from '@cdktf/provider-aws/lib/autoscaling-group';
import { NetworkInterface } from '@cdktf/provider-aws/lib/network-interface';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { GROUP_METRICS, groupTags } from './groups';
import { NodeTemplate } from './node-template';
import type { NodeTemplateProps } from './node-template';
import type { GivenSubnet } from './network';

export interface MasterGroupProps extends Omit<NodeTemplateProps, 'network'> {
  readonly subnet: GivenSubnet;
  readonly address: string;
  readonly securityGroups: readonly string[];
  /** What must be there before the master starts. */
  readonly after: readonly ITerraformDependable[];
}

/**
 * One master, always at the same address: the network interface stays, the machine behind it may be
 * replaced, by a new image or because it broke. The interface can be on one machine only, so the old master goes
 * before the new one comes.
 */
export class MasterGroup extends Construct {
  /** Name of the group. */
  readonly groupName: string;

  constructor(scope: Construct, id: string, props: MasterGroupProps) {
    super(scope, id);
    const { subnet, address, securityGroups, after, ...template } = props;
    const nic = new NetworkInterface(this, 'address', {
      subnetId: subnet.id,
      privateIps: [address],
      securityGroups: [...securityGroups],
      description: `${props.name}: the address of the master`,
      tags: { Name: props.name },
    });
    const from = new NodeTemplate(this, 'from', { ...template, network: { interface: nic.id } });
    this.groupName = props.name;
    new AutoscalingGroup(this, 'group', {
      name: props.name,
      minSize: 1,
      maxSize: 1,
      desiredCapacity: 1,
      // The interface decides about the subnet; naming one beside it is refused.
      availabilityZones: [subnet.zone],
      launchTemplate: { id: from.id, version: from.version },
      healthCheckType: 'EC2',
      healthCheckGracePeriod: 300,
      instanceRefresh: {
        strategy: 'Rolling',
        preferences: {
          minHealthyPercentage: 0,
          maxHealthyPercentage: 100,
          instanceWarmup: '120',
          skipMatching: true,
        },
      },
      enabledMetrics: [...GROUP_METRICS],
      metricsGranularity: '1Minute',
      waitForCapacityTimeout: '15m',
      tag: groupTags({ ...props.tags, Name: props.name }),
      dependsOn: [...after],
    });
  }
}
