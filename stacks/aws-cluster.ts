import { AwsProvider } from '@cdktf/provider-aws/lib/provider';
import { TerraformOutput, TerraformStack } from 'cdktf';
import type { ITerraformDependable } from 'cdktf';
import type { Construct } from 'constructs';
import type { NodeConfig, ScratchPolicy } from '../factory/contracts/node';
import { defined } from '../factory/defined';
import { ClusterAlarms } from '../modules/aws/alarms';
import { bucketFaults, bucketStatements, mayWrite, storeOf, warehouseIn } from '../modules/aws/buckets';
import type { BucketAccess } from '../modules/aws/buckets';
import { ClusterSecret } from '../modules/aws/cluster-secret';
import type { ClusterSecretProps } from '../modules/aws/cluster-secret';
import { INSTANCE_STORE_MODEL, disksOf } from '../modules/aws/local-disks';
import { MachineImage } from '../modules/aws/machine-image';
import type { GivenAmi } from '../modules/aws/machine-image';
import { MasterGroup } from '../modules/aws/master-group';
import { AwsNetwork } from '../modules/aws/network';
import type { NetworkProps } from '../modules/aws/network';
import { NodeRole, SESSION_STATEMENTS, leaveStatement, metricStatement } from '../modules/aws/node-role';
import { placeFaults } from '../modules/aws/place';
import type { AwsPlace } from '../modules/aws/place';
import { holdToRules } from '../modules/aws/policy/guard';
import type { Exceptions } from '../modules/aws/policy/guard';
import { S3PrivateEndpoint } from '../modules/aws/s3-private-endpoint';
import { SparkSecurityGroups } from '../modules/aws/security-groups';
import { ServiceEndpoints } from '../modules/aws/service-endpoints';
import { PORT_CONF, SPARK_PORTS } from '../modules/aws/spark-ports';
import { s3State, stateKey } from '../modules/aws/state';
import type { StateProps } from '../modules/aws/state';
import { tagAll } from '../modules/aws/tags';
import { DRAIN_HOOK, WorkerGroup } from '../modules/aws/worker-group';
import type { Placement } from '../modules/aws/worker-group';
import type { GoldenImage } from '../modules/golden-image';
import { SparkCluster } from '../modules/spark-cluster';

type Leave = NonNullable<NodeConfig['spark']['leave']>;

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

/** One master and any number of workers in a private network, from the same image as anywhere else. */
export class AwsClusterStack extends TerraformStack {
  constructor(scope: Construct, id: string, props: AwsClusterProps) {
    super(scope, id);
    const { environment, account, region, buckets, workers } = props;
    const place: AwsPlace = { account, region };
    const name = `kiln-${id}`;
    const tags = { ...props.tags, 'kiln:stack': id, 'kiln:environment': environment };
    const image = props.image.resolve(this);
    const { drain = 120 } = workers;

    s3State(this, { region, ...props.state }, account, stateKey(environment, id));
    // Write-only arguments and ephemeral resources: see ClusterSecret.
    this.addOverride('terraform.required_version', '>= 1.11');
    new AwsProvider(this, 'aws', { region, allowedAccountIds: [account] });
    tagAll(this, tags);

    const ami = new MachineImage(this, 'machine-image', place, image, props.ami);
    const network = new AwsNetwork(this, 'network', props.network, name);
    const subnets = network.subnets.map((subnet) => subnet.id);
    const groups = new SparkSecurityGroups(this, 'firewall', { vpc: network.vpc, name });
    const secret = new ClusterSecret(this, 'secret', place, id, props.secret ?? {});
    const metrics = metricStatement(id);
    const endpoints = this.endpoints(place, network, groups, secret, buckets, name);

    const may = [
      ...bucketStatements(place, buckets),
      ...secret.statements,
      metrics,
      ...Object.values(SESSION_STATEMENTS).flat(),
    ];
    const role = new NodeRole(this, 'role', `${name}-node`, may);

    const masterDisks = disksOf([props.master.type], 'master: type');
    const workerDisks = disksOf(workers.types, 'workers: types');
    const cluster = new SparkCluster(this, 'spark', {
      cluster: id,
      image,
      masterHost: network.masterAddress,
      stores: [storeOf(place, buckets)],
      secret: secret.reference,
      scratch: { master: scratchOf(masterDisks.disks), worker: scratchOf(workerDisks.disks) },
      leave: leaveOf(drain, { group: `${name}-workers`, name: DRAIN_HOOK, region }),
      ...defined({ eventLog: props.eventLog }),
      warehouse: props.warehouse ?? warehouseIn(buckets),
      conf: { ...PORT_CONF, ...props.conf },
    });

    const common = {
      image: ami,
      profile: role.profileArn,
      diskGiB: Math.ceil(image.record.size / 2 ** 30),
      tags,
      after: [...endpoints, ...(secret.resource === undefined ? [] : [secret.resource])],
      ...defined({ kmsKey: props.diskKey }),
    };
    const [first = { id: '', zone: '', cidr: '' }] = network.subnets;
    const master = new MasterGroup(this, 'master', {
      ...common,
      name: `${name}-master`,
      node: cluster.master.document,
      type: props.master.type,
      subnet: first,
      address: network.masterAddress,
      securityGroups: [groups.master, groups.driver],
    });
    const group = new WorkerGroup(this, 'workers', {
      ...common,
      name: `${name}-workers`,
      node: cluster.worker.document,
      subnets,
      securityGroups: [groups.worker],
      count: workers.count,
      types: workers.types,
      drain,
      ...defined({ onDemand: workers.onDemand, placement: workers.placement }),
    });
    role.also('leave', leaveStatement(id, [group.groupArn]));
    new ClusterAlarms(this, 'alarms', {
      cluster: id,
      name,
      master: master.groupName,
      workers: group.groupName,
      ...defined({ topic: props.alarmTopic }),
    });

    this.node.addValidation({
      validate: () => [
        ...placeFaults(place),
        ...bucketFaults(buckets),
        ...masterDisks.faults,
        ...workerDisks.faults,
        ...this.faults(props, network),
      ],
    });
    holdToRules(this, props.except);

    this.output(
      'image',
      image.digest,
      `The image of every machine, as ${props.image.source} named it at synth`,
    );
    this.output('ami', ami.id, 'What it is in this region');
    this.output('master_url', cluster.masterUrl, 'Where the master listens, inside the network');
    this.output('dashboard', cluster.dashboard, 'The master’s page, inside the network');
    this.output(
      'open_master',
      tunnelTo(region, network.masterAddress),
      `A tunnel to the master’s page, with those of workers and jobs below it, through INSTANCE: a machine of yours in driver_security_group that has Session Manager’s agent; then open http://127.0.0.1:${TUNNEL_PORT}. By SSH: ssh -L ${TUNNEL_PORT}:${network.masterAddress}:${SPARK_PORTS.masterPage.from} MACHINE`,
    );
    this.output('driver_security_group', groups.driver, 'For a machine of yours that runs drivers');
    this.output('worker_group', group.groupName, 'The auto-scaling group of the workers');
    this.output('master_group', master.groupName, 'The auto-scaling group of the master');
  }

  /** What nodes reach AWS by: made, unless the network has it. */
  private endpoints(
    place: AwsPlace,
    network: AwsNetwork,
    groups: SparkSecurityGroups,
    secret: ClusterSecret,
    buckets: readonly BucketAccess[],
    name: string,
  ): ITerraformDependable[] {
    if (network.endpoints !== undefined) {
      groups.allowS3(network.endpoints.s3PrefixList);
      groups.allowEndpoints(network.endpoints.securityGroup);
      return [];
    }
    const s3 = new S3PrivateEndpoint(this, 's3', place, {
      vpc: network.vpc,
      routeTables: network.routeTables,
      buckets,
      name,
    });
    groups.allowS3(s3.prefixList);
    const services = new ServiceEndpoints(this, 'services', place, {
      vpc: network.vpc,
      subnets: network.subnets.map((subnet) => subnet.id),
      securityGroup: groups.allowEndpoints(),
      name,
      services: {
        ...SESSION_STATEMENTS,
        ssm: [...SESSION_STATEMENTS.ssm, ...secret.statements.filter(({ sid }) => sid === 'Secret')],
        monitoring: [metricStatement(this.node.id)],
        autoscaling: [leaveStatement(this.node.id)],
      },
    });
    return [...s3.all, ...services.all];
  }

  /** What no part of the stack can see alone. */
  private faults(props: AwsClusterProps, network: AwsNetwork): string[] {
    const { count, onDemand = 0, placement, drain = 120 } = props.workers;
    const room = network.capacity - 1;
    return [
      ...(/^[a-z][a-z0-9-]{0,30}$/.test(props.environment)
        ? []
        : [`environment: "${props.environment}" must be 1 to 31 of a-z, 0-9 and -, starting with a letter`]),
      ...(Number.isInteger(count) && count >= 1 ? [] : [`workers: count: ${count} must be a number from 1`]),
      ...(count > room && room > 0
        ? [
            `workers: count: ${count} do not fit the subnets, which have ${room} addresses left; give a larger cidr`,
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

  /** Outputs under their own names: scripts read them. */
  private output(name: string, value: string, description: string): void {
    new TerraformOutput(this, name, { value, description }).overrideLogicalId(name);
  }
}

/** Of this machine, where a tunnel ends; links of the pages have no host and no port, so that any will do. */
const TUNNEL_PORT = 8080;

/**
 * The command that leads to a master's page: a session of Systems Manager needs no open port and no key, but an agent,
 * which nodes lack. @param address at which the master listens.
 */
const tunnelTo = (region: string, address: string): string =>
  [
    `aws ssm start-session --region ${region} --target INSTANCE`,
    '--document-name AWS-StartPortForwardingSessionToRemoteHost',
    `--parameters host=${address},portNumber=${SPARK_PORTS.masterPage.from},localPortNumber=${TUNNEL_PORT}`,
  ].join(' ');

/** Of the hook's time, seconds for hearing of it and answering; what node.json may say at most. */
const ANSWER = 10;
const LEAVE_LIMIT = 3600;
const leaveOf = (drain: number, hook: NonNullable<Leave['hook']>): Leave => ({
  notice: 'ec2',
  seconds: Math.min(Math.max(drain - ANSWER, 5), LEAVE_LIMIT),
  hook,
});

/** Seconds that local disks may take to show up after the kernel has started. */
const DISKS_WITHIN = 60;
const scratchOf = (disks: number): ScratchPolicy => ({
  kind: 'disks',
  select: { model: INSTANCE_STORE_MODEL },
  disks,
  deadline: DISKS_WITHIN,
  missing: 'fail',
});
