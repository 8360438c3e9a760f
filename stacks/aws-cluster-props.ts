import { mayWrite } from '../modules/aws/buckets';
import type { BucketAccess } from '../modules/aws/buckets';
import type { ClusterSecretProps } from '../modules/aws/cluster-secret';
import {
  keyFaults,
  spreadFaults,
  tagFaults,
  topicFaults,
  typeFaults,
  zoneFaults,
} from '../modules/aws/limits';
import type { GivenAmi } from '../modules/aws/machine-image';
import type { AwsNetwork, NetworkProps } from '../modules/aws/network';
import type { AwsPlace } from '../modules/aws/place';
import type { Exceptions } from '../modules/aws/policy/guard';
import type { StateProps } from '../modules/aws/state';
import type { Placement } from '../modules/aws/worker-group';
import type { GoldenImage } from '../modules/golden-image';

export interface AwsClusterProps {
  /** What it is for, e.g. staging: in tags and in the path of its state. */
  readonly environment: string;
  /** The account, 12 digits: with credentials of another one nothing is done. */
  readonly account: string;
  readonly region: string;
  /** Where Terraform's state lies. */
  readonly state: StateProps;
  readonly image: GoldenImage;
  /** @default the one that the image was published as in this region */
  readonly ami?: GivenAmi;
  readonly network: NetworkProps;
  /** Buckets in the same region, and what jobs may do there. */
  readonly buckets: readonly BucketAccess[];
  readonly master: {
    /** Instance type with local NVMe. */
    readonly type: string;
  };
  readonly workers: {
    readonly count: number;
    /** Instance types with equally many local disks, the preferred one first. */
    readonly types: readonly string[];
    /** So many are on-demand, the others spot. @default all are on-demand */
    readonly onDemand?: number;
    /** @default left to EC2 */
    readonly placement?: Placement;
    /** Seconds that a worker on its way out has to hand on its blocks, at most; it goes when it has. @default 120 */
    readonly drain?: number;
  };
  /** @default made by AWS, and seen by nobody */
  readonly secret?: ClusterSecretProps;
  /** ARN of the key for root disks. @default the account's own */
  readonly diskKey?: string;
  /** ARN of the SNS topic that alarms go to. @default none */
  readonly alarmTopic?: string;
  /** `s3a://bucket/path` of event logs, where the cluster may write. @default none are written */
  readonly eventLog?: string;
  /**
   * `s3a://bucket/path` that tables are written to, where the cluster may write; false: none, and whoever writes a table
   * is refused.
   * @default the folder warehouse below the first prefix that the cluster may write in
   */
  readonly warehouse?: string | false;
  /** Overrides of spark-defaults. @default none */
  readonly conf?: Readonly<Record<string, string>>;
  /** Added to the stack's own on everything. @default none */
  readonly tags?: Readonly<Record<string, string>>;
  /** Rules of modules/aws/policy that this stack may break, with the reason. @default none */
  readonly except?: Exceptions;
}

/** Seconds that a worker has to hand on its blocks, where the properties set none. */
export const DRAIN = 120;

/** What is wrong with the properties that no part of the stack can see alone. */
export function clusterFaults(
  props: AwsClusterProps,
  place: AwsPlace,
  network: Pick<AwsNetwork, 'capacity' | 'subnets'>,
  /** Of endpoints' network interfaces. */
  addresses: number,
): string[] {
  const { count, types, onDemand = 0, placement, drain = DRAIN } = props.workers;
  // The master has one, too.
  const space = network.capacity - 1 - addresses;
  const zones = network.subnets.map(({ zone }) => zone);
  return [
    ...zoneFaults(place, zones),
    ...keyFaults('diskKey', props.diskKey, place),
    ...keyFaults('secret: kmsKey', props.secret?.kmsKey, place),
    ...topicFaults(props.alarmTopic, place),
    ...tagFaults(props.tags ?? {}),
    ...typeFaults(types),
    ...(placement === 'spread' ? spreadFaults(count, zones.length) : []),
    ...(/^[a-z][a-z0-9-]{0,30}$/.test(props.environment)
      ? []
      : [`environment: "${props.environment}" must be 1 to 31 of a-z, 0-9 and -, starting with a letter`]),
    ...(Number.isInteger(count) && count >= 1 ? [] : [`workers: count: ${count} must be a number from 1`]),
    ...(count > space && space > 0
      ? [
          `workers: count: ${count} do not fit the subnets, which have ${space} addresses left; give a larger cidr`,
        ]
      : []),
    ...(Number.isInteger(onDemand) && onDemand >= 0 && onDemand <= count
      ? []
      : [`workers: onDemand: ${onDemand} must be a number from 0 to count`]),
    ...(placement === 'cluster' && network.subnets.length > 1
      ? ['workers: placement: machines close together are in one zone; name one zone']
      : []),
    ...(drain >= 30 && drain <= 7200 ? [] : [`workers: drain: ${drain} must be 30 to 7200 seconds`]),
    ...Object.entries({ eventLog: props.eventLog, warehouse: props.warehouse || undefined })
      .filter(([, address]) => address !== undefined && !mayWrite(props.buckets, address))
      .map(
        ([key, address = '']) =>
          `${key}: ${address} is in no bucket and prefix that buckets lets the cluster write to`,
      ),
  ];
}
