import { SecurityGroup } from '@cdktf/provider-aws/lib/security-group';
import { VpcSecurityGroupEgressRule } from '@cdktf/provider-aws/lib/vpc-security-group-egress-rule';
import { VpcSecurityGroupIngressRule } from '@cdktf/provider-aws/lib/vpc-security-group-ingress-rule';
import { Construct } from 'constructs';
import { SPARK_PORTS } from './spark-ports';
import type { PortRange } from './spark-ports';

type Role = 'master' | 'worker' | 'driver';

/** Who calls whom on which ports: Spark's security page, "Configuring Ports for Network Security", standalone mode. Texts: EC2 takes no apostrophe. */
const CALLS: readonly (readonly [from: Role, to: Role, ports: PortRange, what: string])[] = [
  ['worker', 'master', SPARK_PORTS.master, 'workers register'],
  ['driver', 'master', SPARK_PORTS.master, 'drivers submit'],
  ['worker', 'master', SPARK_PORTS.masterPage, 'workers ask whether they are registered'],
  ['driver', 'master', SPARK_PORTS.masterPage, 'page of the master'],
  ['master', 'worker', SPARK_PORTS.worker, 'the master starts executors'],
  ['master', 'worker', SPARK_PORTS.workerPage, 'page of a worker, shown by the master'],
  ['driver', 'worker', SPARK_PORTS.workerPage, 'page of a worker'],
  ['worker', 'driver', SPARK_PORTS.driver, 'executors take tasks'],
  ['worker', 'driver', SPARK_PORTS.driverBlocks, 'executors fetch broadcasts'],
  ['master', 'driver', SPARK_PORTS.driverPage, 'page of a driver, shown by the master'],
  ['driver', 'worker', SPARK_PORTS.executorBlocks, 'drivers fetch results'],
  ['worker', 'worker', SPARK_PORTS.executorBlocks, 'shuffle'],
];

const HTTPS: PortRange = { from: 443, to: 443 };

export interface SparkSecurityGroupsProps {
  readonly vpc: string;
  readonly name: string;
}

/**
 * A group for each kind of machine, and rules that name groups, never addresses: who is not in one of them
 * reaches nothing, and from a node nothing is reached but its cluster, S3 and the endpoints.
 */
export class SparkSecurityGroups extends Construct {
  readonly master: string;
  readonly worker: string;
  /** For a machine of yours that runs drivers against this cluster; the master is in it too. */
  readonly driver: string;
  private readonly groups: Readonly<Record<Role, string>>;
  private readonly vpc: string;
  private readonly name: string;

  constructor(scope: Construct, id: string, props: SparkSecurityGroupsProps) {
    super(scope, id);
    this.vpc = props.vpc;
    this.name = props.name;
    this.master = this.group('master', 'Spark master');
    this.worker = this.group('worker', 'Spark workers and their executors');
    this.driver = this.group('driver', 'Spark drivers');
    this.groups = { master: this.master, worker: this.worker, driver: this.driver };
    CALLS.forEach(([from, to, ports, what]) => {
      this.between(`${from}-${to}-${ports.from}`, this.groups[from], this.groups[to], ports, what);
    });
  }

  /** Nodes reach S3: its addresses are a prefix list that AWS keeps. */
  allowS3(prefixList: string): void {
    for (const role of ['master', 'worker'] as const) {
      new VpcSecurityGroupEgressRule(this, `${role}-s3`, {
        securityGroupId: this.groups[role],
        prefixListId: prefixList,
        ipProtocol: 'tcp',
        fromPort: HTTPS.from,
        toPort: HTTPS.to,
        description: 'S3',
      });
    }
  }

  /** Nodes reach interface endpoints: a new group of theirs, or one that is there. */
  allowEndpoints(given?: string): string {
    const group = given ?? this.group('endpoints', 'Interface endpoints of AWS services');
    for (const role of ['master', 'worker'] as const) {
      this.out(`${role}-endpoints`, this.groups[role], group, HTTPS, 'AWS services');
      if (given === undefined) this.in(`${role}-endpoints`, this.groups[role], group, HTTPS, 'AWS services');
    }
    return group;
  }

  private group(role: string, description: string): string {
    return new SecurityGroup(this, role, {
      name: `${this.name}-${role}`,
      description,
      vpcId: this.vpc,
      // Rules may name each other's groups: they go before the groups do.
      revokeRulesOnDelete: true,
      tags: { Name: `${this.name}-${role}` },
    }).id;
  }

  private between(id: string, from: string, to: string, ports: PortRange, what: string): void {
    this.out(id, from, to, ports, what);
    this.in(id, from, to, ports, what);
  }

  private in(id: string, from: string, to: string, ports: PortRange, what: string): void {
    new VpcSecurityGroupIngressRule(this, `${id}-in`, {
      securityGroupId: to,
      referencedSecurityGroupId: from,
      ipProtocol: 'tcp',
      fromPort: ports.from,
      toPort: ports.to,
      description: what,
    });
  }

  private out(id: string, from: string, to: string, ports: PortRange, what: string): void {
    new VpcSecurityGroupEgressRule(this, `${id}-out`, {
      securityGroupId: from,
      referencedSecurityGroupId: to,
      ipProtocol: 'tcp',
      fromPort: ports.from,
      toPort: ports.to,
      description: what,
    });
  }
}
