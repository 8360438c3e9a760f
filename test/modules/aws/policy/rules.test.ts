import { Testing } from 'cdktf';
import { beforeAll, describe, expect, it } from 'vitest';
import { violations } from '../../../../modules/aws/policy/guard';
import { readPlan } from '../../../../modules/aws/policy/plan';
import type { Json } from '../../../../modules/aws/policy/plan';
import { RULES } from '../../../../modules/aws/policy/rules';
import { AwsClusterStack } from '../../../../stacks/aws-cluster';
import { AwsStateStack } from '../../../../stacks/aws-state';
import { ACCOUNT, CLUSTER, REGION, recordPublication } from '../../../stacks/aws';
import { newProject } from '../../../stacks/support';

type Body = Record<string, unknown>;
interface Document {
  resource: Record<string, Record<string, Body>>;
  data: Record<string, Record<string, Body>>;
  provider: Record<string, Body[]>;
  terraform: { backend: { s3: Body } };
}

let cluster: string;
let state: string;
beforeAll(async () => {
  const project = await newProject();
  recordPublication(project, await project.promote('disk'), 'ami-0123456789abcdef0');
  cluster = Testing.synth(new AwsClusterStack(project.app(), 'flights', CLUSTER), true);
  const props = { account: ACCOUNT, region: REGION, bucket: 'acme-kiln-state' };
  state = Testing.synth(new AwsStateStack(project.app(), 'state', props), true);
});

/** The first resource of a type. */
const first = ({ resource }: Document, type: string): Body => {
  const found = Object.values(resource[type] ?? {})[0];
  if (found === undefined) throw new Error(`no ${type}`);
  return found;
};
const add = (document: Document, type: string, body: Body): void => {
  document.resource[type] = { ...document.resource[type], bad: body };
};
const TAGS = { 'kiln:stack': 'x', 'kiln:environment': 'x' };

/** Adds a statement to a policy that is JSON in text. */
function allow(body: Body, argument: string, statement: Body): void {
  const policy = JSON.parse(String(body[argument])) as { Statement: Body[] };
  policy.Statement.push({ Effect: 'Allow', ...statement });
  body[argument] = JSON.stringify(policy);
}
const mayAlso = (statement: Body) => (document: Document) => {
  allow(first(document, 'aws_iam_role_policy'), 'policy', statement);
};
const inTemplate = (change: Body) => (document: Document) => {
  Object.assign(first(document, 'aws_launch_template'), change);
};
const BUCKET = 'arn:aws:s3:::acme-flights';

type Break = (document: Document) => void;
/** One way at least to break each rule: what, and of which stack. */
const BROKEN: [rule: string, what: string, breakIt: Break, of?: 'state'][] = [
  [
    'policies-are-readable',
    'a policy by reference',
    (d) => (first(d, 'aws_iam_role_policy')['policy'] = '${data.aws_iam_policy_document.x.json}'),
  ],
  ['no-wildcard-action', 'all of a service', mayAlso({ Action: 's3:*', Resource: BUCKET })],
  ['no-wildcard-action', 'some of a service', mayAlso({ Action: ['s3:Get*'], Resource: [BUCKET] })],
  ['no-wildcard-action', 'all but', mayAlso({ NotAction: 's3:DeleteObject', Resource: BUCKET })],
  [
    'no-wildcard-action',
    'all through an endpoint',
    (d) => {
      allow(first(d, 'aws_vpc_endpoint'), 'policy', { Action: '*', Resource: BUCKET, Principal: '*' });
    },
  ],
  ['no-wildcard-resource', 'any object', mayAlso({ Action: 's3:GetObject', Resource: '*' })],
  ['no-wildcard-resource', 'any bucket', mayAlso({ Action: 's3:GetObject', Resource: 'arn:aws:s3:::*' })],
  [
    'no-wildcard-resource',
    'any role of the account',
    mayAlso({ Action: 'iam:PassRole', Resource: `arn:aws:iam::${ACCOUNT}:role/*x` }),
  ],
  ['no-wildcard-resource', 'all but', mayAlso({ Action: 's3:GetObject', NotResource: BUCKET })],
  [
    'no-wildcard-resource',
    'any bucket through the endpoint',
    (d) => {
      allow(first(d, 'aws_vpc_endpoint'), 'policy', {
        Action: 's3:GetObject',
        Resource: '*',
        Principal: '*',
      });
    },
  ],
  [
    'reviewed-actions-stay-narrow',
    'metrics of any name space',
    mayAlso({ Action: 'cloudwatch:PutMetricData', Resource: '*' }),
  ],
  [
    'reviewed-actions-stay-narrow',
    'an answer to the hook of any group',
    mayAlso({ Action: 'autoscaling:CompleteLifecycleAction', Resource: '*' }),
  ],
  [
    'roles-are-for-ec2',
    'another account',
    (d) => {
      allow(first(d, 'aws_iam_role'), 'assume_role_policy', {
        Action: 'sts:AssumeRole',
        Principal: { AWS: 'arn:aws:iam::999999999999:root' },
      });
    },
  ],
  [
    'no-managed-policies',
    'AWS’s own for Session Manager',
    (d) => {
      add(d, 'aws_iam_role_policy_attachment', {
        role: 'x',
        policy_arn: 'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore',
        tags: TAGS,
      });
    },
  ],
  ['endpoints-have-a-policy', 'none', (d) => delete first(d, 'aws_vpc_endpoint')['policy']],
  [
    'no-open-ingress',
    'from everywhere',
    (d) => (first(d, 'aws_vpc_security_group_ingress_rule')['cidr_ipv4'] = '0.0.0.0/0'),
  ],
  [
    'no-open-ingress',
    'from everywhere by IPv6',
    (d) => (first(d, 'aws_vpc_security_group_ingress_rule')['cidr_ipv6'] = '::/0'),
  ],
  [
    'no-open-ingress',
    'within a group',
    (d) => (first(d, 'aws_security_group')['ingress'] = [{ cidr_blocks: ['0.0.0.0/0'], from_port: 22 }]),
  ],
  [
    'no-open-ingress',
    'by the older resource',
    (d) => {
      add(d, 'aws_security_group_rule', { type: 'ingress', cidr_blocks: ['0.0.0.0/0'], tags: TAGS });
    },
  ],
  [
    'no-open-egress',
    'to everywhere',
    (d) => (first(d, 'aws_vpc_security_group_egress_rule')['cidr_ipv4'] = '0.0.0.0/0'),
  ],
  [
    'no-way-from-outside',
    'a gateway',
    (d) => {
      add(d, 'aws_internet_gateway', { vpc_id: 'x', tags: TAGS });
    },
  ],
  [
    'no-way-from-outside',
    'an elastic address',
    (d) => {
      add(d, 'aws_eip', { tags: TAGS });
    },
  ],
  ['no-public-address', 'a subnet’s', (d) => (first(d, 'aws_subnet')['map_public_ip_on_launch'] = true)],
  [
    'no-public-address',
    'a template’s',
    inTemplate({ network_interfaces: [{ associate_public_ip_address: 'true' }] }),
  ],
  ['no-public-address', 'left to the subnet', inTemplate({ network_interfaces: [] })],
  [
    'imds-v2-only',
    'tokens optional',
    inTemplate({ metadata_options: { http_tokens: 'optional', http_put_response_hop_limit: 1 } }),
  ],
  [
    'imds-v2-only',
    'answers passed on',
    inTemplate({ metadata_options: { http_tokens: 'required', http_put_response_hop_limit: 2 } }),
  ],
  ['imds-v2-only', 'nothing said', inTemplate({ metadata_options: undefined })],
  [
    'disks-are-encrypted',
    'a disk that is not',
    inTemplate({ block_device_mappings: [{ ebs: { encrypted: 'false' } }] }),
  ],
  ['disks-are-encrypted', 'nothing said', inTemplate({ block_device_mappings: undefined })],
  [
    'disks-are-encrypted',
    'a volume',
    (d) => {
      add(d, 'aws_ebs_volume', { size: 1, tags: TAGS });
    },
  ],
  [
    'buckets-are-encrypted',
    'nothing said',
    (d) => delete d.resource['aws_s3_bucket_server_side_encryption_configuration'],
    'state',
  ],
  [
    'buckets-are-private',
    'nothing said',
    (d) => delete d.resource['aws_s3_bucket_public_access_block'],
    'state',
  ],
  [
    'buckets-are-private',
    'policies may open it',
    (d) => (first(d, 'aws_s3_bucket_public_access_block')['block_public_policy'] = false),
    'state',
  ],
  ['no-secret-in-state', 'a value', (d) => (first(d, 'aws_ssm_parameter')['value'] = 'x')],
  ['no-secret-in-state', 'plain text', (d) => (first(d, 'aws_ssm_parameter')['type'] = 'String')],
  [
    'no-secret-in-user-data',
    'an access key',
    inTemplate({ user_data: Buffer.from('key: AKIAABCDEFGHIJKLMNOP').toString('base64') }),
  ],
  [
    'no-secret-in-user-data',
    'the cluster’s secret',
    inTemplate({ user_data: Buffer.from('{"spark.authenticate.secret":"x"}').toString('base64') }),
  ],
  ['images-are-proved', 'an AMI by name only', inTemplate({ image_id: 'ami-00000000' })],
  [
    'images-are-proved',
    'the newest of a name',
    (d) => {
      for (const ami of Object.values(d.data['aws_ami'] ?? {})) ami['most_recent'] = true;
    },
  ],
  ['everything-is-tagged', 'none', (d) => (first(d, 'aws_vpc')['tags'] = {})],
  [
    'everything-is-tagged',
    'a type nobody reviewed',
    (d) => {
      add(d, 'aws_new_thing', {});
    },
  ],
  ['everything-is-tagged', 'a group', (d) => (first(d, 'aws_autoscaling_group')['tag'] = [])],
  [
    'machines-are-tagged',
    'volumes',
    inTemplate({
      tag_specifications: [{ resource_type: 'instance', tags: { ...TAGS, 'kiln:digest': 'x' } }],
    }),
  ],
  ['account-is-pinned', 'any', (d) => delete d.provider['aws']?.[0]?.['allowed_account_ids']],
  ['state-is-locked', 'no lock', (d) => delete d.terraform.backend.s3['use_lockfile']],
  ['state-is-locked', 'not encrypted', (d) => (d.terraform.backend.s3['encrypt'] = false)],
];

const broken = (text: string, breakIt: (document: Document) => void): string[] => {
  const document = JSON.parse(text) as Document;
  breakIt(document);
  return [...new Set(violations(readPlan(document as unknown as Json)).map(({ rule }) => rule))];
};

describe('the rules of a stack on AWS', () => {
  it('hold for kiln’s own stacks', () => {
    for (const text of [cluster, state]) expect(violations(readPlan(JSON.parse(text) as Json))).toEqual([]);
  });

  it.each<(typeof BROKEN)[number]>(BROKEN)(
    '%s fails for %s, and no other does',
    (rule, _what, breakIt, of) => {
      expect(broken(of === 'state' ? state : cluster, breakIt)).toEqual([rule]);
    },
  );

  it('have each been shown to fail, and have names of their own', () => {
    const names = RULES.map(({ name }) => name);
    expect([...new Set(BROKEN.map(([rule]) => rule))].sort()).toEqual([...names].sort());
    expect(new Set(names).size).toBe(names.length);
  });
});
