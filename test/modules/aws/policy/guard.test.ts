import { Testing } from 'cdktf';
import { beforeEach, describe, expect, it } from 'vitest';
import { holdToRules } from '../../../../modules/aws/policy/guard';
import { AwsClusterStack } from '../../../../stacks/aws-cluster';
import type { AwsClusterProps } from '../../../../stacks/aws-cluster';
import { CLUSTER, recordPublication } from '../../../stacks/aws';
import { newProject } from '../../../stacks/support';
import type { ProjectPlace } from '../../../stacks/support';

let project: ProjectPlace;
beforeEach(async () => {
  project = await newProject();
  recordPublication(project, await project.promote('disk'), 'ami-0123456789abcdef0');
});

/** A cluster that a team has bent: an override counts like anything else. */
function bent(props: Partial<AwsClusterProps> = {}): AwsClusterStack {
  const stack = new AwsClusterStack(project.app(), 'flights', { ...CLUSTER, ...props });
  stack.addOverride('resource.aws_internet_gateway.mine', {
    vpc_id: 'vpc-1',
    tags: { 'kiln:stack': 'flights', 'kiln:environment': 'staging' },
  });
  return stack;
}

describe('a stack held to the rules', () => {
  it('does not synthesise while it breaks one: the rule, the resource and the reason are told', () => {
    expect(() => Testing.synth(bent(), true)).toThrow(
      /rule no-way-from-outside: aws_internet_gateway\.mine: is of type aws_internet_gateway\. A private network/,
    );
  });

  it('may break one that it names with a reason', () => {
    const except = { 'no-way-from-outside': 'the VPC is shared with what needs it' };
    expect(Testing.synth(bent({ except }), true)).toContain('"aws_internet_gateway"');
  });

  it('cannot make an exception of a rule that there is not', () => {
    expect(() => Testing.synth(bent({ except: { 'no-such-rule': 'why not' } }), true)).toThrow(
      /rule no-such-rule: there is none of that name/,
    );
  });

  it('takes rules of a team’s own', () => {
    const stack = new AwsClusterStack(project.app(), 'flights', CLUSTER);
    holdToRules(stack, {}, [
      {
        name: 'small-clusters',
        why: 'The budget says so.',
        check: ({ resources }) =>
          resources
            .filter(({ body }) => Number(body['max_size'] ?? 0) > 2)
            .map(({ address }) => ({ where: address, what: 'has more than two machines' })),
      },
    ]);
    expect(() => Testing.synth(stack, true)).toThrow(/rule small-clusters: aws_autoscaling_group\.workers/);
  });
});
