import { DefaultSecurityGroup } from '@cdktf/provider-aws/lib/default-security-group';
import { RouteTable } from '@cdktf/provider-aws/lib/route-table';
import { RouteTableAssociation } from '@cdktf/provider-aws/lib/route-table-association';
import { Subnet } from '@cdktf/provider-aws/lib/subnet';
import { Vpc } from '@cdktf/provider-aws/lib/vpc';
import { Construct } from 'constructs';
import { hostOf, isUsable, prefixOf, subnetOf, usableIn } from './addresses';

/** A private subnet as the stack needs to know it. */
export interface GivenSubnet {
  readonly id: string;
  /** Availability zone, e.g. eu-central-1a. */
  readonly zone: string;
  /** e.g. 10.20.0.0/20 */
  readonly cidr: string;
}

/** Endpoints that a given network has already. */
export interface GivenEndpoints {
  /** The prefix list of S3 in this region, pl-…: where nodes may go for it. */
  readonly s3PrefixList: string;
  /** The group of the interface endpoints of ssm, ssmmessages, ec2messages, monitoring and autoscaling. */
  readonly securityGroup: string;
}

export type NetworkProps =
  | {
      /** A VPC of the cluster's own, without any way to or from the internet. */
      readonly make: {
        /** Between /16 and /24; each zone's subnet gets a sixteenth. @default '10.64.0.0/16' */
        readonly cidr?: string;
        /** Availability zones. One is cheaper: between zones every byte of a shuffle is billed. */
        readonly zones: readonly string[];
      };
    }
  | {
      /** A VPC that is there. DNS support and DNS host names must be on. */
      readonly given: {
        readonly vpc: string;
        /** The master is in the first one. */
        readonly subnets: readonly GivenSubnet[];
        /** Of these subnets: the S3 endpoint is added to them. */
        readonly routeTables: readonly string[];
        /** The master's, in the first subnet and free. */
        readonly masterAddress: string;
        /** @default they are made */
        readonly endpoints?: GivenEndpoints;
      };
    };

/** Which of a subnet's addresses the master has; AWS keeps the first four. */
const MASTER_HOST = 10;
const ZONE_BITS = 4;

/** Private subnets in one VPC, made or given. */
export class AwsNetwork extends Construct {
  readonly vpc: string;
  readonly subnets: readonly GivenSubnet[];
  readonly routeTables: readonly string[];
  /** Known at synth: it stands in every node.json. */
  readonly masterAddress: string;
  readonly endpoints: GivenEndpoints | undefined;

  constructor(scope: Construct, id: string, props: NetworkProps, name: string) {
    super(scope, id);
    if ('given' in props) {
      const { vpc, subnets, routeTables, masterAddress, endpoints } = props.given;
      this.vpc = vpc;
      this.subnets = subnets;
      this.routeTables = routeTables;
      this.masterAddress = masterAddress;
      this.endpoints = endpoints;
      this.node.addValidation({ validate: () => givenFaults(props.given) });
      return;
    }
    const { cidr = '10.64.0.0/16', zones } = props.make;
    this.node.addValidation({ validate: () => madeFaults(cidr, zones) });

    const vpc = new Vpc(this, 'vpc', {
      cidrBlock: cidr,
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags: { Name: name },
    });
    // Every VPC has this group and nobody uses it: without rules it lets nothing through.
    new DefaultSecurityGroup(this, 'default', { vpcId: vpc.id, tags: { Name: `${name}-unused` } });
    const routes = new RouteTable(this, 'routes', { vpcId: vpc.id, tags: { Name: name } });
    this.vpc = vpc.id;
    this.routeTables = [routes.id];
    this.subnets = zones.map((zone, index) => {
      const block = subnetOf(cidr, ZONE_BITS, index);
      const subnet = new Subnet(this, `subnet-${zone}`, {
        vpcId: vpc.id,
        availabilityZone: zone,
        cidrBlock: block,
        mapPublicIpOnLaunch: false,
        tags: { Name: `${name}-${zone}` },
      });
      new RouteTableAssociation(this, `routes-${zone}`, { routeTableId: routes.id, subnetId: subnet.id });
      return { id: subnet.id, zone, cidr: block };
    });
    this.masterAddress = hostOf(subnetOf(cidr, ZONE_BITS, 0), MASTER_HOST);
    this.endpoints = undefined;
  }

  /** Addresses that machines of the cluster can have. */
  get capacity(): number {
    return this.subnets.reduce((sum, { cidr }) => sum + usableIn(cidr), 0);
  }
}

const unlike = (zones: readonly string[]): string[] =>
  new Set(zones).size === zones.length ? [] : ['network: a zone is named twice'];

function madeFaults(cidr: string, zones: readonly string[]): string[] {
  const prefix = prefixOf(cidr);
  return [
    ...(prefix === undefined || prefix < 16 || prefix > 24
      ? [`network: cidr: "${cidr}" must be a block between /16 and /24, as 10.64.0.0/16`]
      : []),
    ...(zones.length === 0 ? ['network: zones: name at least one availability zone'] : []),
    ...(zones.length > 2 ** ZONE_BITS ? [`network: zones: at most ${2 ** ZONE_BITS}`] : []),
    ...unlike(zones),
  ];
}

function givenFaults(given: {
  readonly subnets: readonly GivenSubnet[];
  readonly routeTables: readonly string[];
  readonly masterAddress: string;
  readonly endpoints?: GivenEndpoints;
}): string[] {
  const first = given.subnets[0];
  if (first === undefined) return ['network: subnets: name at least one private subnet'];
  return [
    ...given.subnets
      .filter(({ cidr }) => prefixOf(cidr) === undefined)
      .map(({ id, cidr }) => `network: subnets: ${id}: "${cidr}" is not a block, as 10.20.0.0/20`),
    ...unlike(given.subnets.map(({ zone }) => zone)),
    ...(isUsable(first.cidr, given.masterAddress)
      ? []
      : [
          `network: masterAddress: ${given.masterAddress} is no usable address of ${first.cidr}, the first subnet`,
        ]),
    ...(given.endpoints === undefined && given.routeTables.length === 0
      ? ['network: routeTables: name those of the subnets, so that S3 can be reached']
      : []),
  ];
}
