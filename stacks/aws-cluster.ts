import { AwsProvider } from '@cdktf/provider-aws/lib/provider';
import { TerraformOutput, TerraformStack } from 'cdktf';
import type { ITerraformDependable } from 'cdktf';
import type { Construct } from 'constructs';
import type { NodeConfig, ScratchPolicy } from '../factory/contracts/node';
import { defined } from '../factory/defined';
import type { ResolvedImage } from '../factory/registry/read';
import { ClusterAlarms } from '../modules/aws/alarms';
import { bucketFaults, bucketStatements, storeOf, warehouseIn } from '../modules/aws/buckets';
import type { BucketAccess } from '../modules/aws/buckets';
import { ClusterSecret } from '../modules/aws/cluster-secret';
import { INSTANCE_STORE_MODEL, disksOf } from '../modules/aws/local-disks';
import type { DiskCount } from '../modules/aws/local-disks';
import { MachineImage } from '../modules/aws/machine-image';
import { MasterGroup } from '../modules/aws/master-group';
import { AwsNetwork } from '../modules/aws/network';
import { NodeRole, SESSION_STATEMENTS, leaveStatement, metricStatement } from '../modules/aws/node-role';
import { placeFaults } from '../modules/aws/place';
import type { AwsPlace } from '../modules/aws/place';
import { holdToRules } from '../modules/aws/policy/guard';
import { S3PrivateEndpoint } from '../modules/aws/s3-private-endpoint';
import { SparkSecurityGroups } from '../modules/aws/security-groups';
import { ServiceEndpoints } from '../modules/aws/service-endpoints';
import { PORT_CONF, SPARK_PORTS } from '../modules/aws/spark-ports';
import { s3State, stateKey } from '../modules/aws/state';
import { tagAll } from '../modules/aws/tags';
import { DRAIN_HOOK, WorkerGroup } from '../modules/aws/worker-group';
import { SparkCluster } from '../modules/spark-cluster';
import { NO_IMAGE, stackImage } from '../modules/stack-image';
import { DRAIN, clusterFaults } from './aws-cluster-props';
import type { AwsClusterProps } from './aws-cluster-props';

export type { AwsClusterProps } from './aws-cluster-props';

type Leave = NonNullable<NodeConfig['spark']['leave']>;

/** What the machines of a cluster stand on. */
interface Foundation {
  readonly ami: MachineImage;
  readonly network: AwsNetwork;
  readonly groups: SparkSecurityGroups;
  readonly secret: ClusterSecret;
  readonly endpoints: {
    readonly all: readonly ITerraformDependable[];
    /** How many addresses of the subnets they take. */
    readonly addresses: number;
  };
  readonly role: NodeRole;
}

/** The local disks of the machines, and what is wrong with their types. */
interface Disks {
  readonly master: DiskCount;
  readonly workers: DiskCount;
}

interface Groups {
  readonly master: MasterGroup;
  readonly workers: WorkerGroup;
}

/** One master and any number of workers in a private network, from the same image as anywhere else. */
export class AwsClusterStack extends TerraformStack {
  /** What the name of every resource begins with. */
  private readonly prefix: string;
  private readonly tags: Readonly<Record<string, string>>;
  private readonly place: AwsPlace;

  constructor(scope: Construct, id: string, props: AwsClusterProps) {
    super(scope, id);
    const { environment, account, region, workers } = props;
    this.prefix = `kiln-${id}`;
    this.tags = { ...props.tags, 'kiln:stack': id, 'kiln:environment': environment };
    this.place = { account, region };
    const image = stackImage(this, props.image);
    const disks = {
      master: disksOf([props.master.type], 'master: type'),
      workers: disksOf(workers.types, 'workers: types'),
    };
    this.provider(props);
    const foundation = this.foundation(image, props);
    const cluster = this.cluster(image, foundation, disks, props);
    const machines = this.machines(image, foundation, cluster, props);
    new ClusterAlarms(this, 'alarms', {
      cluster: id,
      name: this.prefix,
      master: machines.master.groupName,
      workers: machines.workers.groupName,
      ...defined({ topic: props.alarmTopic }),
    });
    this.node.addValidation({
      validate: () => [
        ...placeFaults(this.place),
        ...bucketFaults(props.buckets),
        ...disks.master.faults,
        ...disks.workers.faults,
        ...clusterFaults(props, this.place, foundation.network, foundation.endpoints.addresses),
      ],
    });
    // Without an image it cannot be deployed, and is not yet what the rules are for.
    if (image !== NO_IMAGE) holdToRules(this, props.except);
    this.outputs(image, foundation, cluster, machines, props);
  }

  /** Where the state lies, whose account it is, and what everything is tagged with. */
  private provider({ environment, account, region, state }: AwsClusterProps): void {
    s3State(this, { region, ...state }, account, stateKey(environment, this.node.id));
    // Write-only arguments and ephemeral resources: see ClusterSecret.
    this.addOverride('terraform.required_version', '>= 1.11');
    new AwsProvider(this, 'aws', { region, allowedAccountIds: [account] });
    tagAll(this, this.tags);
  }

  private foundation(image: ResolvedImage, props: AwsClusterProps): Foundation {
    const { place, prefix: name } = this;
    const ami = new MachineImage(this, 'machine-image', place, image, props.ami);
    const network = new AwsNetwork(this, 'network', props.network, name);
    const groups = new SparkSecurityGroups(this, 'firewall', { vpc: network.vpc, name });
    const secret = new ClusterSecret(this, 'secret', place, this.node.id, props.secret ?? {});
    const endpoints = this.endpoints(network, groups, secret, props.buckets);
    const role = new NodeRole(this, 'role', `${name}-node`, [
      ...bucketStatements(place, props.buckets),
      ...secret.statements,
      metricStatement(this.node.id),
      ...Object.values(SESSION_STATEMENTS).flat(),
    ]);
    return { ami, network, groups, secret, endpoints, role };
  }

  private cluster(
    image: ResolvedImage,
    { network, secret }: Foundation,
    disks: Disks,
    props: AwsClusterProps,
  ): SparkCluster {
    const hook = { group: `${this.prefix}-workers`, name: DRAIN_HOOK, region: this.place.region };
    return new SparkCluster(this, 'spark', {
      cluster: this.node.id,
      image,
      masterHost: network.masterAddress,
      stores: [storeOf(this.place, props.buckets)],
      secret: secret.reference,
      scratch: { master: scratchOf(disks.master.disks), worker: scratchOf(disks.workers.disks) },
      leave: leaveOf(props.workers.drain ?? DRAIN, hook),
      ...defined({ eventLog: props.eventLog }),
      warehouse: props.warehouse ?? warehouseIn(props.buckets),
      conf: { ...PORT_CONF, ...props.conf },
    });
  }

  private machines(
    image: ResolvedImage,
    { ami, network, groups, secret, endpoints, role }: Foundation,
    cluster: SparkCluster,
    props: AwsClusterProps,
  ): Groups {
    const { count, types, drain = DRAIN, onDemand, placement } = props.workers;
    const common = {
      image: ami,
      profile: role.profileArn,
      diskGiB: Math.ceil(image.record.size / 2 ** 30),
      tags: this.tags,
      after: [...endpoints.all, ...(secret.resource === undefined ? [] : [secret.resource])],
      ...defined({ kmsKey: props.diskKey }),
    };
    const [subnet = { id: '', zone: '', cidr: '' }] = network.subnets;
    const master = new MasterGroup(this, 'master', {
      ...common,
      name: `${this.prefix}-master`,
      node: cluster.master.document,
      type: props.master.type,
      subnet,
      address: network.masterAddress,
      securityGroups: [groups.master, groups.driver],
    });
    const workers = new WorkerGroup(this, 'workers', {
      ...common,
      name: `${this.prefix}-workers`,
      node: cluster.worker.document,
      subnets: network.subnets.map(({ id }) => id),
      securityGroups: [groups.worker],
      count,
      types,
      drain,
      ...defined({ onDemand, placement }),
    });
    role.also('leave', leaveStatement(this.node.id, [workers.groupArn]));
    return { master, workers };
  }

  /** What nodes reach AWS by: made, unless the network has it. */
  private endpoints(
    network: AwsNetwork,
    groups: SparkSecurityGroups,
    secret: ClusterSecret,
    buckets: readonly BucketAccess[],
  ): Foundation['endpoints'] {
    const { place, prefix: name } = this;
    if (network.endpoints !== undefined) {
      groups.allowS3(network.endpoints.s3PrefixList);
      groups.allowEndpoints(network.endpoints.securityGroup);
      return { all: [], addresses: 0 };
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
    return {
      all: [...s3.all, ...services.all],
      addresses: services.all.length * network.subnets.length,
    };
  }

  private outputs(
    image: ResolvedImage,
    { ami, network, groups }: Foundation,
    cluster: SparkCluster,
    machines: Groups,
    { image: wanted, region }: AwsClusterProps,
  ): void {
    this.output('image', image.digest, `The image of every machine, as ${wanted.source} named it at synth`);
    this.output('ami', ami.id, 'What it is in this region');
    this.output('master_url', cluster.masterUrl, 'Where the master listens, inside the network');
    this.output('dashboard', cluster.dashboard, 'The master’s page, inside the network');
    this.output(
      'open_master',
      tunnelTo(region, network.masterAddress),
      `A tunnel to the master’s page, with those of workers and jobs below it, through INSTANCE: a machine of yours in driver_security_group that has Session Manager’s agent; then open http://127.0.0.1:${TUNNEL_PORT}. By SSH: ssh -L ${TUNNEL_PORT}:${network.masterAddress}:${SPARK_PORTS.masterPage.from} MACHINE`,
    );
    this.output('driver_security_group', groups.driver, 'For a machine of yours that runs drivers');
    this.output('worker_group', machines.workers.groupName, 'The auto-scaling group of the workers');
    this.output('master_group', machines.master.groupName, 'The auto-scaling group of the master');
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
