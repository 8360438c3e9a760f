import { AutoscalingGroup } from '@cdktf/provider-aws/lib/autoscaling-group';
import { AutoscalingLifecycleHook } from '@cdktf/provider-aws/lib/autoscaling-lifecycle-hook';
import { PlacementGroup } from '@cdktf/provider-aws/lib/placement-group';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { GROUP_METRICS, groupTags } from './groups';
import { NodeTemplate } from './node-template';
import type { NodeTemplateProps } from './node-template';

/** How machines are spread: `cluster` close together in one zone, `partition` and `spread` on unlike hardware. */
export type Placement = 'cluster' | 'partition' | 'spread';

export interface WorkerGroupProps extends Omit<NodeTemplateProps, 'network' | 'type'> {
  readonly count: number;
  /** All with the same number of local disks; the first that has capacity at a good price is taken. */
  readonly types: readonly string[];
  /** Machines that are on-demand for sure; the others are spot. undefined: all are on-demand. */
  readonly onDemand?: number;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly placement?: Placement;
  /** Seconds that a machine on its way out keeps running, to hand on its blocks. */
  readonly drain: number;
  readonly after: readonly ITerraformDependable[];
}

/** Holds a machine that is to go while its worker leaves; node.json names it. */
export const DRAIN_HOOK = 'drain';

/** Any number of workers: one template and one group, whose size is a number. */
export class WorkerGroup extends Construct {
  readonly groupName: string;
  readonly groupArn: string;

  constructor(scope: Construct, id: string, props: WorkerGroupProps) {
    super(scope, id);
    const { count, types, onDemand, subnets, securityGroups, placement, drain, after, ...template } = props;
    const spot = onDemand !== undefined;
    const from = new NodeTemplate(this, 'from', {
      ...template,
      type: types[0] ?? '',
      network: { securityGroups },
    });
    this.groupName = props.name;
    const group = new AutoscalingGroup(this, 'group', {
      name: props.name,
      minSize: 0,
      maxSize: count,
      desiredCapacity: count,
      vpcZoneIdentifier: [...subnets],
      mixedInstancesPolicy: {
        launchTemplate: {
          launchTemplateSpecification: { launchTemplateId: from.id, version: from.version },
          override: types.map((instanceType) => ({ instanceType })),
        },
        instancesDistribution: {
          onDemandBaseCapacity: onDemand ?? 0,
          onDemandPercentageAboveBaseCapacity: spot ? 0 : 100,
          onDemandAllocationStrategy: 'prioritized',
          // In the order of the types, as far as there is capacity.
          spotAllocationStrategy: 'capacity-optimized-prioritized',
        },
      },
      // A machine that EC2 is likely to take back is replaced before it does.
      capacityRebalance: spot,
      ...(placement === undefined ? {} : { placementGroup: this.placed(props.name, placement, props.tags) }),
      healthCheckType: 'EC2',
      healthCheckGracePeriod: 300,
      // A new version of the template rolls what is of an older one, and nothing else.
      instanceRefresh: {
        strategy: 'Rolling',
        preferences: {
          minHealthyPercentage: 90,
          maxHealthyPercentage: 100,
          instanceWarmup: '180',
          skipMatching: true,
        },
      },
      enabledMetrics: [...GROUP_METRICS],
      metricsGranularity: '1Minute',
      waitForCapacityTimeout: '15m',
      tag: groupTags({ ...props.tags, Name: props.name }),
      dependsOn: [...after],
    });
    this.groupArn = group.arn;
    new AutoscalingLifecycleHook(this, 'drain', {
      name: DRAIN_HOOK,
      autoscalingGroupName: group.name,
      lifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      heartbeatTimeout: drain,
      defaultResult: 'CONTINUE',
    });
  }

  private placed(name: string, strategy: Placement, tags: Readonly<Record<string, string>>): string {
    return new PlacementGroup(this, 'placement', { name, strategy, tags: { ...tags, Name: name } }).id;
  }
}
