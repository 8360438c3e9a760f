import { IamInstanceProfile } from '@cdktf/provider-aws/lib/iam-instance-profile';
import { IamRole } from '@cdktf/provider-aws/lib/iam-role';
import { IamRolePolicy } from '@cdktf/provider-aws/lib/iam-role-policy';
import { Construct } from 'constructs';
import { EC2_MAY_ASSUME, policy } from './iam';
import type { Statement } from './iam';

/**
 * What Session Manager needs of a machine. AWS offers a managed policy for it, which lets a machine read
 * every parameter of the account: these are its calls without that. None can be bound to a resource.
 */
export const SESSION_STATEMENTS: Readonly<
  Record<'ssm' | 'ssmmessages' | 'ec2messages', readonly Statement[]>
> = {
  ssm: [{ sid: 'Session', actions: ['ssm:UpdateInstanceInformation'], resources: ['*'] }],
  ssmmessages: [
    {
      sid: 'SessionChannels',
      actions: [
        'ssmmessages:CreateControlChannel',
        'ssmmessages:CreateDataChannel',
        'ssmmessages:OpenControlChannel',
        'ssmmessages:OpenDataChannel',
      ],
      resources: ['*'],
    },
  ],
  ec2messages: [
    {
      sid: 'SessionMessages',
      actions: [
        'ec2messages:AcknowledgeMessage',
        'ec2messages:DeleteMessage',
        'ec2messages:FailMessage',
        'ec2messages:GetEndpoint',
        'ec2messages:GetMessages',
        'ec2messages:SendReply',
      ],
      resources: ['*'],
    },
  ],
};

/** Metrics of a cluster's own: no other name space takes what its nodes say. */
export const metricStatement = (cluster: string): Statement => ({
  sid: 'Metrics',
  actions: ['cloudwatch:PutMetricData'],
  resources: ['*'],
  condition: { StringEquals: { 'cloudwatch:namespace': [`Kiln/${cluster}`] } },
});

/** A machine on its way out says that it may go, to groups of its own stack. @param groups ARNs. */
export const leaveStatement = (stack: string, groups: readonly string[] = ['*']): Statement => ({
  sid: 'Leave',
  actions: ['autoscaling:CompleteLifecycleAction'],
  resources: groups,
  condition: { StringEquals: { 'autoscaling:ResourceTag/kiln:stack': [stack] } },
});

/** A role that machines of one kind have, and nobody else can take on. */
export class NodeRole extends Construct {
  /** Of the instance profile. */
  readonly profileArn: string;
  private readonly role: IamRole;

  constructor(
    scope: Construct,
    id: string,
    private readonly name: string,
    statements: readonly Statement[],
  ) {
    super(scope, id);
    const role = (this.role = new IamRole(this, 'role', {
      name,
      assumeRolePolicy: EC2_MAY_ASSUME,
      tags: { Name: name },
    }));
    new IamRolePolicy(this, 'policy', { name, role: role.id, policy: policy(...statements) });
    this.profileArn = new IamInstanceProfile(this, 'profile', {
      name,
      role: role.name,
      tags: { Name: name },
    }).arn;
  }

  /** What is about something that is made after the machines' template. */
  also(id: string, ...statements: readonly Statement[]): void {
    new IamRolePolicy(this, id, {
      name: `${this.name}-${id}`,
      role: this.role.id,
      policy: policy(...statements),
    });
  }
}
