import { blocksOf, listOf, objectOf, textsOf } from './plan';
import type { Json, JsonObject, Plan, PlannedResource } from './plan';
import {
  MUST_BE_CONDITIONED,
  REVIEWED_ON_ANY_RESOURCE,
  actionsOf,
  allows,
  policiesOf,
  resourcesOf,
} from './statements';
import { UNTAGGABLE } from './untaggable';

export interface Finding {
  /** Address of the resource. */
  readonly where: string;
  readonly what: string;
}

/** Something that holds for every stack on AWS. */
export interface Rule {
  readonly name: string;
  readonly why: string;
  /** What breaks the rule in a plan; empty: nothing. */
  readonly check: (plan: Plan) => readonly Finding[];
}

type Look = (resource: PlannedResource) => readonly string[];

const each =
  (types: readonly string[], look: Look) =>
  ({ resources }: Plan): Finding[] =>
    resources
      .filter(({ type }) => types.includes(type))
      .flatMap((resource) => look(resource).map((what) => ({ where: resource.address, what })));

const unless = (holds: boolean, what: string): string[] => (holds ? [] : [what]);
const isTrue = (value: Json | undefined): boolean => value === true || value === 'true';
const isFalse = (value: Json | undefined): boolean => value === false || value === 'false';

const OPEN = new Set(['0.0.0.0/0', '::/0']);
const blocksIn = (body: JsonObject): readonly string[] =>
  ['cidr_ipv4', 'cidr_ipv6', 'cidr_blocks', 'ipv6_cidr_blocks'].flatMap((key) => textsOf(body[key]));
const openIn = (body: JsonObject): string[] => blocksIn(body).filter((block) => OPEN.has(block));

/** Rules of one direction, however they are written. */
const openRules = (direction: 'ingress' | 'egress', plan: Plan): Finding[] =>
  plan.resources.flatMap(({ address, type, body }) => {
    const rules: readonly JsonObject[] =
      type === `aws_vpc_security_group_${direction}_rule` ||
      (type === 'aws_security_group_rule' && body['type'] === direction)
        ? [body]
        : type === 'aws_security_group' || type === 'aws_default_security_group'
          ? blocksOf(body[direction])
          : [];
    return rules.flatMap(openIn).map((block) => ({ where: address, what: `${direction} ${block}` }));
  });

const TEMPLATE_LIKE = ['aws_launch_template', 'aws_instance'];
const MACHINE_STARTERS = [
  'aws_launch_template',
  'aws_instance',
  'aws_launch_configuration',
  'aws_spot_instance_request',
];
const FROM_OUTSIDE = [
  'aws_internet_gateway',
  'aws_egress_only_internet_gateway',
  'aws_nat_gateway',
  'aws_eip',
  'aws_eip_association',
];

/** The buckets of a plan that have a part of their own of some type, by its reference. */
const bucketsWith = (plan: Plan, type: string, holds: (body: JsonObject) => boolean) => {
  const named = plan.resources
    .filter((resource) => resource.type === type && holds(resource.body))
    .map(({ body }) => textsOf(body['bucket'])[0] ?? '');
  return ({ address, body }: PlannedResource): boolean =>
    named.some((bucket) => bucket === body['bucket'] || bucket.startsWith(`\${${address}.`));
};
const buckets = ({ resources }: Plan) => resources.filter(({ type }) => type === 'aws_s3_bucket');

const PRIVATE = ['block_public_acls', 'block_public_policy', 'ignore_public_acls', 'restrict_public_buckets'];

/** What user data says; undefined where that is not known before apply. */
function userDataOf(body: JsonObject): string | undefined {
  const text = body['user_data'] ?? body['user_data_base64'];
  if (typeof text !== 'string') return undefined;
  // Plain text is not base64: it comes out as nonsense, so both readings are looked at.
  return `${text}\n${Buffer.from(text, 'base64').toString('utf8')}`;
}
const SECRETS =
  /AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY-----|spark\.authenticate\.secret|(?:secret|access)[._-]?key\W{1,6}[A-Za-z0-9/+]{16,}|passw(?:or)?d\W{1,6}\w/i;

/** The tags that every resource has. */
const REQUIRED_TAGS = ['kiln:stack', 'kiln:environment'] as const;

export const RULES: readonly Rule[] = [
  {
    name: 'policies-are-readable',
    why: 'A policy that is put together at apply cannot be reviewed, by people or by these rules.',
    check: (plan) =>
      policiesOf(plan)
        .filter(({ statements }) => statements === undefined)
        .map(({ address }) => ({ where: address, what: 'its policy is not JSON before apply' })),
  },
  {
    name: 'no-wildcard-action',
    why: 'A role that may do everything of a service may do what nobody thought of.',
    check: (plan) =>
      policiesOf(plan).flatMap(({ address, statements = [] }) =>
        statements
          .filter(allows)
          .flatMap((statement) => [
            ...actionsOf(statement).filter((action) => action.includes('*')),
            ...(statement['NotAction'] === undefined ? [] : ['NotAction']),
          ])
          .map((action) => ({ where: address, what: `allows ${action}` })),
      ),
  },
  {
    name: 'no-wildcard-resource',
    why: 'Only actions that AWS binds to no resource, each reviewed, may be allowed on any.',
    check: (plan) =>
      policiesOf(plan)
        .filter(({ kind }) => kind !== 'trust')
        .flatMap(({ address, statements = [] }) =>
          statements.filter(allows).flatMap((statement) => {
            const resources = resourcesOf(statement);
            // A wildcard may end what is named: a prefix of a bucket, not a bucket or an account.
            const wild =
              statement['NotResource'] !== undefined ||
              resources.some((arn) => arn === '*' || /[*?]/.test(arn.slice(0, -1)) || /[:]\*$/.test(arn));
            if (!wild) return [];
            return actionsOf(statement)
              .filter((action) => !(action in REVIEWED_ON_ANY_RESOURCE))
              .map((action) => ({ where: address, what: `allows ${action} on ${resources.join(', ')}` }));
          }),
        ),
  },
  {
    name: 'reviewed-actions-stay-narrow',
    why: 'What is allowed on any resource is kept to the cluster by a condition where AWS has one.',
    check: (plan) =>
      policiesOf(plan).flatMap(({ address, statements = [] }) =>
        statements.filter(allows).flatMap((statement) => {
          const keys = Object.values(objectOf(statement['Condition'])).flatMap((keys) =>
            Object.keys(objectOf(keys)),
          );
          return actionsOf(statement)
            .filter((action) => {
              const needed = MUST_BE_CONDITIONED[action];
              return needed !== undefined && !keys.includes(needed);
            })
            .map((action) => ({
              where: address,
              what: `allows ${action} without a condition on ${String(MUST_BE_CONDITIONED[action])}`,
            }));
        }),
      ),
  },
  {
    name: 'roles-are-for-ec2',
    why: 'Nobody but EC2 may put a node’s role on: no account, no person, no other service.',
    check: (plan) =>
      policiesOf(plan)
        .filter(({ kind }) => kind === 'trust')
        .flatMap(({ address, statements = [] }) =>
          statements
            .filter(allows)
            .filter(({ Principal }) => JSON.stringify(Principal) !== '{"Service":["ec2.amazonaws.com"]}')
            .map(({ Principal }) => ({
              where: address,
              what: `may be assumed by ${JSON.stringify(Principal)}`,
            })),
        ),
  },
  {
    name: 'no-managed-policies',
    why: 'AWS changes its managed policies; AmazonSSMManagedInstanceCore lets a node read every parameter.',
    check: ({ resources }) =>
      resources
        .filter(
          ({ type, body }) =>
            /^aws_iam_(role_)?policy_attachment/.test(type) || listOf(body['managed_policy_arns']).length > 0,
        )
        .map(({ address }) => ({ where: address, what: 'attaches a managed policy' })),
  },
  {
    name: 'endpoints-have-a-policy',
    why: 'Without one an endpoint is a way to every bucket and every account.',
    check: each(['aws_vpc_endpoint'], ({ body }) => unless(body['policy'] !== undefined, 'has no policy')),
  },
  {
    name: 'no-open-ingress',
    why: 'Nothing on the internet has business with a node.',
    check: (plan) => openRules('ingress', plan),
  },
  {
    name: 'no-open-egress',
    why: 'Data leaves a node by S3 and the endpoints, and by no other way.',
    check: (plan) => openRules('egress', plan),
  },
  {
    name: 'no-way-from-outside',
    why: 'A private network has no gateway of its own and no public address.',
    check: ({ resources }) =>
      resources
        .filter(({ type }) => FROM_OUTSIDE.includes(type))
        .map(({ address, type }) => ({ where: address, what: `is of type ${type}` })),
  },
  {
    name: 'no-public-address',
    why: 'A machine with a public address is one wrong rule away from the internet.',
    check: each([...TEMPLATE_LIKE, 'aws_subnet', 'aws_launch_configuration'], ({ type, body }) =>
      type === 'aws_subnet'
        ? unless(isFalse(body['map_public_ip_on_launch']), 'gives machines public addresses')
        : type === 'aws_launch_template'
          ? blocksOf(body['network_interfaces']).length === 0
            ? ['leaves public addresses to the subnet']
            : blocksOf(body['network_interfaces'])
                // An interface that is there has the address it was made with: none.
                .filter((nic) => nic['network_interface_id'] === undefined)
                .flatMap((nic) =>
                  unless(isFalse(nic['associate_public_ip_address']), 'may get a public address'),
                )
          : unless(isFalse(body['associate_public_ip_address']), 'may get a public address'),
    ),
  },
  {
    name: 'imds-v2-only',
    why: 'Version 1 of the metadata service hands the role’s credentials to whoever makes a job fetch a URL.',
    check: each(MACHINE_STARTERS, ({ body }) => {
      const options = objectOf(blocksOf(body['metadata_options'])[0]);
      return [
        ...unless(options['http_tokens'] === 'required', 'does not require tokens'),
        ...unless(Number(options['http_put_response_hop_limit']) === 1, 'lets answers pass on (hop limit)'),
      ];
    }),
  },
  {
    name: 'disks-are-encrypted',
    why: 'A root disk holds logs and state; a lost one must reveal nothing.',
    check: each([...MACHINE_STARTERS, 'aws_ebs_volume'], ({ type, body }) => {
      const disks =
        type === 'aws_ebs_volume'
          ? [body]
          : type === 'aws_launch_template'
            ? blocksOf(body['block_device_mappings']).map(({ ebs }) => objectOf(blocksOf(ebs)[0]))
            : [...blocksOf(body['root_block_device']), ...blocksOf(body['ebs_block_device'])];
      return disks.length === 0
        ? ['leaves the encryption of its disks to the account']
        : disks.flatMap((disk) => unless(isTrue(disk['encrypted']), 'has a disk that is not encrypted'));
    }),
  },
  {
    name: 'buckets-are-encrypted',
    why: 'So that what encrypts them is written down, not left to an account’s default.',
    check: (plan) => {
      const has = bucketsWith(plan, 'aws_s3_bucket_server_side_encryption_configuration', () => true);
      return buckets(plan)
        .filter((bucket) => !has(bucket))
        .map(({ address }) => ({ where: address, what: 'says nothing about encryption' }));
    },
  },
  {
    name: 'buckets-are-private',
    why: 'No policy and no list of a bucket may open it to everybody.',
    check: (plan) => {
      const has = bucketsWith(plan, 'aws_s3_bucket_public_access_block', (body) =>
        PRIVATE.every((key) => isTrue(body[key])),
      );
      return buckets(plan)
        .filter((bucket) => !has(bucket))
        .map(({ address }) => ({ where: address, what: 'does not block public access in all four ways' }));
    },
  },
  {
    name: 'no-secret-in-state',
    why: 'Terraform’s state keeps what an argument says in plain text.',
    check: ({ resources }) =>
      resources.flatMap(({ address, type, body }) =>
        type === 'aws_ssm_parameter'
          ? [
              ...unless(body['type'] === 'SecureString', 'is not a SecureString'),
              ...unless(
                body['value'] === undefined && body['insecure_value'] === undefined,
                'has its value in the state',
              ),
            ].map((what) => ({ where: address, what }))
          : ['aws_secretsmanager_secret_version'].includes(type) && body['secret_string'] !== undefined
            ? [{ where: address, what: 'has its value in the state' }]
            : [],
      ),
  },
  {
    name: 'no-secret-in-user-data',
    why: 'Whoever may describe an instance reads its user data.',
    check: each(MACHINE_STARTERS, ({ body }) => {
      const found = SECRETS.exec(userDataOf(body) ?? '')?.[0];
      return found === undefined
        ? []
        : [`its user data has ${found.slice(0, 4)}…, which looks like a secret`];
    }),
  },
  {
    name: 'images-are-proved',
    why: 'A machine starts from the image that was verified, and from no other that has its name.',
    check: (plan) => {
      const proved = plan.data.filter(
        ({ type, body }) =>
          type === 'aws_ami' && textsOf(body['owners']).length > 0 && !isTrue(body['most_recent']),
      );
      return each(['aws_launch_template', 'aws_instance'], ({ body }) => {
        const image = textsOf(body['image_id'] ?? body['ami'])[0] ?? '';
        return unless(
          proved.some(({ address }) => image === `\${${address}.id}`),
          `starts from ${image === '' ? 'no image of its own' : image}, which nothing looked up by owner and id`,
        );
      })(plan);
    },
  },
  {
    name: 'everything-is-tagged',
    why: 'What costs money says which stack it belongs to.',
    check: ({ resources }) =>
      resources.flatMap(({ address, type, body }) => {
        if (UNTAGGABLE.has(type) || !type.startsWith('aws_')) return [];
        const keys =
          type === 'aws_autoscaling_group'
            ? blocksOf(body['tag']).flatMap(({ key }) => textsOf(key))
            : Object.keys(objectOf(body['tags']));
        const missing = REQUIRED_TAGS.filter((tag) => !keys.includes(tag));
        return missing.length === 0 ? [] : [{ where: address, what: `has no tag ${missing.join(', ')}` }];
      }),
  },
  {
    name: 'machines-are-tagged',
    why: 'A machine says which image it runs, and so does its disk.',
    check: each(['aws_launch_template'], ({ body }) => {
      const found = blocksOf(body['tag_specifications']);
      return ['instance', 'volume'].flatMap((kind) => {
        const tags = objectOf(found.find(({ resource_type }) => resource_type === kind)?.['tags']);
        return [...REQUIRED_TAGS, 'kiln:digest']
          .filter((tag) => tags[tag] === undefined)
          .map((tag) => `starts ${kind}s without tag ${tag}`);
      });
    }),
  },
  {
    name: 'account-is-pinned',
    why: 'Credentials of another account must not make the stack there.',
    check: ({ providers }) =>
      (providers['aws'] ?? []).flatMap((provider, index) =>
        unless(
          textsOf(provider['allowed_account_ids']).length === 1,
          'does not say for which account it is',
        ).map((what) => ({ where: `provider.aws[${index}]`, what })),
      ),
  },
  {
    name: 'state-is-locked',
    why: 'Two deploys at once ruin each other’s state; a shared one is encrypted and has a lock.',
    check: ({ backend }) => {
      const s3 = objectOf(backend['s3']);
      return backend['s3'] === undefined
        ? []
        : [
            ...unless(isTrue(s3['use_lockfile']), 'has no lock'),
            ...unless(isTrue(s3['encrypt']), 'is not encrypted'),
          ].map((what) => ({ where: 'terraform.backend.s3', what }));
    },
  },
];
