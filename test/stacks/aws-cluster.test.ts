import { Testing } from 'cdktf';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NodeConfig } from '../../factory/contracts/node';
import { GoldenImage } from '../../modules/golden-image';
import { AwsClusterStack } from '../../stacks/aws-cluster';
import type { AwsClusterProps } from '../../stacks/aws-cluster';
import { ACCOUNT, CLUSTER, REGION, recordPublication } from './aws';
import { newProject } from './support';
import type { ProjectPlace } from './support';
import { parse } from 'yaml';

type Body = Record<string, unknown>;
interface Synthesised {
  readonly resource: Readonly<Record<string, Readonly<Record<string, Body>>>>;
  readonly data: Readonly<Record<string, Readonly<Record<string, Body>>>>;
  readonly output: Readonly<Record<string, { readonly value: string }>>;
  readonly terraform: { readonly backend: { readonly s3: Body }; readonly required_version: string };
  readonly ephemeral?: Body;
}

const AMI = 'ami-0123456789abcdef0';
let project: ProjectPlace;
let digest: string;
beforeEach(async () => {
  project = await newProject();
  digest = await project.promote('disk');
  recordPublication(project, digest, AMI);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const text = (props: Partial<AwsClusterProps> = {}, id = 'flights'): string =>
  Testing.synth(new AwsClusterStack(project.app(), id, { ...CLUSTER, ...props }), true);
const synth = (props: Partial<AwsClusterProps> = {}, id = 'flights'): Synthesised =>
  JSON.parse(text(props, id)) as Synthesised;
const workers = (more: Partial<AwsClusterProps['workers']>): Partial<AwsClusterProps> => ({
  workers: { ...CLUSTER.workers, ...more },
});

const all = ({ resource }: Synthesised, type: string): Body[] => Object.values(resource[type] ?? {});
function named({ resource }: Synthesised, type: string, begin: string): Body {
  const found = Object.entries(resource[type] ?? {}).find(([id]) => id.startsWith(begin))?.[1];
  if (found === undefined) throw new Error(`no ${type} ${begin}`);
  return found;
}
/** node.json of a kind of machine, as cloud-init gets it. */
function nodeOf(made: Synthesised, group: 'master' | 'workers'): NodeConfig {
  const template = named(made, 'aws_launch_template', `${group}_from`);
  const userData = Buffer.from(String(template['user_data']), 'base64').toString();
  expect(userData).toMatch(/^#cloud-config\n/);
  const { write_files: files } = parse(userData) as { write_files: { path: string; content: string }[] };
  expect(files.map(({ path }) => path)).toEqual(['/etc/kiln/node.json']);
  return NodeConfig.parse(JSON.parse(files[0]?.content ?? ''));
}
interface Statement {
  readonly Sid: string;
  readonly Action: string[];
  readonly Resource: string[];
}
const statements = (policy: unknown): Record<string, Statement> =>
  Object.fromEntries(
    (JSON.parse(String(policy)) as { Statement: Statement[] }).Statement.map((each) => [each.Sid, each]),
  );

describe('a cluster on AWS', () => {
  it('is the same text for 1,000 workers as for 3, but for the number', () => {
    const few = text(workers({ count: 3 }));
    const many = text(workers({ count: 1000 }));
    expect(
      many
        .replaceAll('"desired_capacity": 1000', '"desired_capacity": 3')
        .replaceAll('"max_size": 1000', '"max_size": 3'),
    ).toBe(few);
  });

  it('tells a machine what it is: image, master, scratch by its type, secret and stores by reference', () => {
    const made = synth();
    const worker = nodeOf(made, 'workers');
    expect(worker).toMatchObject({
      cluster: 'flights',
      role: 'worker',
      master: { host: '10.64.0.10', port: 7077 },
      image: { digest },
      scratch: {
        kind: 'disks',
        select: { model: 'Amazon EC2 NVMe Instance Storage' },
        disks: 1,
        missing: 'fail',
      },
      secrets: { spark: { ssm: '/kiln/flights/spark-secret', region: REGION } },
      stores: [{ kind: 'aws', region: REGION, buckets: ['acme-flights'] }],
    });
    expect(worker.spark.warehouse).toBe('s3a://acme-flights/output/warehouse');
    expect(worker.spark.conf).toMatchObject({
      'spark.driver.port': '7100',
      'spark.eventLog.enabled': 'true',
    });
    expect(nodeOf(made, 'master')).toMatchObject({ role: 'master', image: { digest } });
    expect(named(made, 'aws_network_interface', 'master')['private_ips']).toEqual(['10.64.0.10']);
    expect(nodeOf(synth(workers({ types: ['i4i.16xlarge'] })), 'workers').scratch).toMatchObject({
      disks: 4,
    });
  });

  it('finds the AMI where the image was published, and has it proved at every plan', () => {
    const [ami] = Object.values(synth().data['aws_ami'] ?? {});
    expect(ami).toMatchObject({
      owners: [ACCOUNT],
      filter: [{ name: 'image-id', values: [AMI] }],
      lifecycle: { postcondition: [{ condition: expect.stringContaining(digest) as string }] },
    });
  });

  it('asks EC2 for no AMI where nothing is deployed: a destroy works when it is gone', () => {
    vi.stubEnv('KILN_DEPLOYS', '');
    expect(text()).not.toContain('aws_ami');
    expect(text({ ami: { id: AMI } })).not.toContain('aws_ami');
  });

  it('synthesises beside a stack that is deployed, though its channel points at nothing', () => {
    const image = GoldenImage.channel('candidate');
    vi.stubEnv('KILN_DEPLOYS', 'state-staging');
    expect(text({ image })).toContain('channel candidate of image spark-node points at nothing yet');
    vi.stubEnv('KILN_DEPLOYS', 'flights');
    expect(() => text({ image })).toThrow(expect.objectContaining({ code: 'channel-empty' }));
  });

  it('takes the newest AMI that was not withdrawn, of this region, of this account if there is one', () => {
    const at = (day: number) => ({ at: `2026-01-0${day}T00:00:00Z` });
    const ids = (): unknown => Object.values(synth().data['aws_ami'] ?? {})[0]?.['filter'];
    recordPublication(project, digest, 'ami-0000000000000bbb', at(2));
    recordPublication(project, digest, 'ami-0000000000000ccc', { ...at(3), region: 'us-east-1' });
    recordPublication(project, digest, 'ami-0000000000000ddd', { ...at(4), account: '210987654321' });
    expect(ids()).toEqual([{ name: 'image-id', values: ['ami-0000000000000bbb'] }]);
    const gone = {
      ...at(5),
      event: 'withdrawn',
      account: undefined,
      name: undefined,
      image: undefined,
      snapshot: undefined,
      volumeSize: undefined,
      kmsKey: undefined,
      origin: undefined,
    };
    recordPublication(project, digest, 'ami-0000000000000bbb', gone);
    expect(ids()).toEqual([{ name: 'image-id', values: [AMI] }]);
  });

  it('says which command makes an AMI that is not there yet', () => {
    expect(() => synth({ region: 'us-east-1' })).toThrow(
      expect.objectContaining({
        code: 'image-not-published',
        exitCode: 1,
        hint: expect.stringContaining('--to aws:us-east-1 --apply') as string,
      }),
    );
  });

  it('takes an AMI that is given; of another account, whose tags cannot be seen, the node proves it', () => {
    const one = synth({
      region: 'us-east-1',
      network: { make: { zones: ['us-east-1a'] } },
      ami: { id: AMI },
    }).data['aws_ami'];
    expect(Object.values(one ?? {})[0]).toHaveProperty('lifecycle');
    const other = Object.values(synth({ ami: { id: AMI, owner: '210987654321' } }).data['aws_ami'] ?? {})[0];
    expect(other).toMatchObject({ owners: ['210987654321'] });
    expect(other).not.toHaveProperty('lifecycle');
  });

  it('lets nodes read and write their prefixes, read their secret, and tell their metrics: nothing else', () => {
    const found = statements(named(synth(), 'aws_iam_role_policy', 'role_policy')['policy']);
    expect(found['Write']?.Resource).toEqual([
      'arn:aws:s3:::acme-flights/output/*',
      'arn:aws:s3:::acme-flights/spark-events/*',
    ]);
    expect(found['Read']?.Resource).toContain('arn:aws:s3:::acme-flights/input/*');
    expect(found['Read']?.Resource).toContain('arn:aws:s3:::acme-flights/input');
    expect(found['List']?.Resource).toEqual(['arn:aws:s3:::acme-flights']);
    expect(found['Secret']).toEqual({
      Sid: 'Secret',
      Effect: 'Allow',
      Action: ['ssm:GetParameter'],
      Resource: [`arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/kiln/flights/spark-secret`],
    });
    expect(found['Metrics']).toMatchObject({
      Condition: { StringEquals: { 'cloudwatch:namespace': ['Kiln/flights'] } },
    });
  });

  it('tells workers how they learn that they go, and lets them answer the hook of their own group alone', () => {
    const made = synth(workers({ drain: 300 }));
    const hook = named(made, 'aws_autoscaling_lifecycle_hook', 'workers');
    const [[id]] = Object.entries(made.resource['aws_autoscaling_group'] ?? {}).filter(([each]) =>
      each.startsWith('workers'),
    ) as [[string, Body]];
    expect(nodeOf(made, 'workers').spark.leave).toEqual({
      notice: 'ec2',
      seconds: 290,
      hook: { group: 'kiln-flights-workers', name: hook['name'], region: REGION },
    });
    expect(named(made, 'aws_autoscaling_group', 'workers')['name']).toBe('kiln-flights-workers');
    expect(hook['heartbeat_timeout']).toBe(300);
    const mine = { StringEquals: { 'autoscaling:ResourceTag/kiln:stack': ['flights'] } };
    expect(statements(named(made, 'aws_iam_role_policy', 'role_leave')['policy'])['Leave']).toEqual({
      Sid: 'Leave',
      Effect: 'Allow',
      Action: ['autoscaling:CompleteLifecycleAction'],
      Resource: [`\${aws_autoscaling_group.${id}.arn}`],
      Condition: mine,
    });
    const passes = statements(named(made, 'aws_vpc_endpoint', 'services_autoscaling')['policy'])['Leave'];
    expect(passes).toMatchObject({ Condition: mine });
    expect(nodeOf(made, 'master').spark.leave).toBeUndefined();
  });

  it('lets through the S3 endpoint what is for its buckets', () => {
    const found = statements(named(synth(), 'aws_vpc_endpoint', 's3')['policy']);
    expect(
      Object.values(found)
        .flatMap(({ Resource }) => Resource)
        .every((arn) => arn.startsWith('arn:aws:s3:::acme-flights')),
    ).toBe(true);
  });

  it('names groups in every rule of its firewall, and in none an address', () => {
    const made = synth();
    const rules = [
      ...all(made, 'aws_vpc_security_group_ingress_rule'),
      ...all(made, 'aws_vpc_security_group_egress_rule'),
    ];
    expect(rules.length).toBeGreaterThan(20);
    for (const rule of rules) {
      expect(rule['cidr_ipv4'] ?? rule['cidr_ipv6']).toBeUndefined();
      expect(rule['referenced_security_group_id'] ?? rule['prefix_list_id']).toMatch(/^\$\{aws_/);
      // EC2 refuses any other sign.
      expect(rule['description']).toMatch(/^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]+$/);
    }
  });

  it('has a port for whatever Spark listens on: each one is pinned, and let in once', () => {
    const made = synth();
    const conf = nodeOf(made, 'workers').spark.conf;
    const open = all(made, 'aws_vpc_security_group_ingress_rule').map(({ from_port: from }) => from);
    for (const key of ['spark.driver.port', 'spark.driver.blockManager.port', 'spark.blockManager.port']) {
      expect(open).toContain(Number(conf[key]));
    }
  });

  it('takes spot machines beyond the on-demand ones, and replaces them before they go', () => {
    const group = named(synth(), 'aws_autoscaling_group', 'workers');
    expect(group).toMatchObject({
      capacity_rebalance: true,
      mixed_instances_policy: {
        instances_distribution: { on_demand_base_capacity: 1, on_demand_percentage_above_base_capacity: 0 },
      },
    });
    const rest = { count: 3, types: CLUSTER.workers.types };
    expect(named(synth({ workers: rest }), 'aws_autoscaling_group', 'workers')).toMatchObject({
      capacity_rebalance: false,
      mixed_instances_policy: { instances_distribution: { on_demand_percentage_above_base_capacity: 100 } },
    });
  });

  it('is placed as asked', () => {
    const made = synth(workers({ placement: 'cluster' }));
    expect(all(made, 'aws_placement_group')).toEqual([expect.objectContaining({ strategy: 'cluster' })]);
    expect(all(synth(), 'aws_placement_group')).toEqual([]);
  });

  it('has its state under its environment, with a lock', () => {
    const { backend, required_version } = synth({ environment: 'production' }).terraform;
    expect(backend.s3).toMatchObject({
      bucket: 'acme-kiln-state',
      key: 'production/flights.tfstate',
      region: REGION,
      encrypt: true,
      use_lockfile: true,
      allowed_account_ids: [ACCOUNT],
    });
    expect(required_version).toBe('>= 1.11');
  });

  it('has its secret made where nobody sees it, or takes one that is there', () => {
    const made = synth();
    expect(JSON.stringify(made.ephemeral)).toContain('aws_secretsmanager_random_password');
    expect(all(made, 'aws_ssm_parameter')).toEqual([
      expect.objectContaining({
        type: 'SecureString',
        value_wo: '${ephemeral.aws_secretsmanager_random_password.spark_secret.random_password}',
        value_wo_version: 1,
      }),
    ]);
    const given = synth({ secret: { parameter: '/team/secret' } });
    expect(all(given, 'aws_ssm_parameter')).toEqual([]);
    expect(given.ephemeral).toBeUndefined();
    expect(nodeOf(given, 'workers').secrets.spark).toEqual({ ssm: '/team/secret', region: REGION });
  });

  it('goes into a VPC that is there, with or without its endpoints', () => {
    const given = {
      vpc: 'vpc-1',
      subnets: [{ id: 'subnet-1', zone: 'eu-central-1a', cidr: '10.9.0.0/20' }],
      routeTables: ['rtb-1'],
      masterAddress: '10.9.1.1',
    };
    const made = synth({ network: { given } });
    expect(Object.keys(made.resource)).not.toEqual(expect.arrayContaining(['aws_vpc']));
    expect(nodeOf(made, 'workers').master.host).toBe('10.9.1.1');
    expect(all(made, 'aws_vpc_endpoint')).toHaveLength(6);
    const endpoints = { s3PrefixList: 'pl-1', securityGroup: 'sg-1' };
    const bare = synth({ network: { given: { ...given, endpoints } } });
    expect(all(bare, 'aws_vpc_endpoint')).toEqual([]);
    const targets = all(bare, 'aws_vpc_security_group_egress_rule').map(
      (rule) => rule['prefix_list_id'] ?? rule['referenced_security_group_id'],
    );
    expect(targets).toEqual(expect.arrayContaining(['pl-1', 'sg-1']));
  });

  it.each<[string, Partial<AwsClusterProps>, RegExp]>([
    ['account', { account: '1' }, /account: "1" is not an account number/],
    ['region', { region: 'Frankfurt', ami: { id: AMI } }, /region: "Frankfurt" is not a region/],
    ['environment', { environment: 'Prod/1' }, /environment: "Prod\/1" must be/],
    [
      'a type without disks',
      workers({ types: ['m6i.large'] }),
      /workers: types: m6i\.large has no local NVMe SSD/,
    ],
    [
      'a type of another architecture',
      { master: { type: 'm7gd.large' } },
      /master: type: m7gd\.large has no/,
    ],
    ['no type', workers({ types: [] }), /workers: types: name at least one/],
    [
      'unlike numbers of disks',
      workers({ types: ['m6id.large', 'm6id.16xlarge'] }),
      /cannot be mixed in one group: m6id\.large 1, m6id\.16xlarge 2/,
    ],
    ['no worker', workers({ count: 0 }), /workers: count: 0 must be/],
    ['more workers than addresses', workers({ count: 5000 }), /5000 do not fit the subnets, which have 4085/],
    [
      'more on-demand than there are',
      workers({ onDemand: 4 }),
      /onDemand: 4 must be a number from 0 to count/,
    ],
    [
      'close together in two zones',
      { ...workers({ placement: 'cluster' }), network: { make: { zones: ['a', 'b'] } } },
      /placement: machines close together are in one zone/,
    ],
    [
      'more machines apart than a zone takes',
      { ...workers({ placement: 'spread', count: 15 }), network: { make: { zones: ['a', 'b'] } } },
      /spread puts at most 7 machines into a zone, and there are 2; 15 need 3 zones/,
    ],
    [
      'workers on the addresses of endpoints',
      { ...workers({ count: 6 }), network: { make: { cidr: '10.0.0.0/24', zones: ['eu-central-1a'] } } },
      /6 do not fit the subnets, which have 5 addresses left/,
    ],
    [
      'a zone of another region',
      { network: { make: { zones: ['eu-west-1a'] } } },
      /network: "eu-west-1a" is not a zone of eu-central-1, as eu-central-1a/,
    ],
    [
      'a region for a zone',
      { network: { make: { zones: ['eu-central-1'] } } },
      /is not a zone of eu-central-1/,
    ],
    [
      'a key of another region',
      { diskKey: 'arn:aws:kms:eu-west-1:111122223333:key/1234' },
      /diskKey: "arn:aws:kms:eu-west-1:111122223333:key\/1234" is in eu-west-1, and the stack in eu-central-1/,
    ],
    [
      'a key that is no ARN',
      { diskKey: 'alias/mine' },
      /diskKey: "alias\/mine" is not an ARN, as arn:aws:kms/,
    ],
    [
      'a key of a secret that is no ARN',
      { secret: { kmsKey: 'mine' } },
      /secret: kmsKey: "mine" is not an ARN/,
    ],
    [
      'a topic that is no ARN',
      { alarmTopic: 'alarms' },
      /alarmTopic: "alarms" is not an ARN, as arn:aws:sns/,
    ],
    [
      'a topic of another service',
      { alarmTopic: 'arn:aws:sqs:eu-central-1:111122223333:alarms' },
      /alarmTopic: .* is not an ARN, as arn:aws:sns/,
    ],
    ['a type twice', workers({ types: ['m6id.large', 'm6id.large'] }), /types: m6id\.large is named twice/],
    [
      'too many tags',
      { tags: Object.fromEntries(Array.from({ length: 45 }, (_, at) => [`tag-${at}`, 'x'])) },
      /tags: 45 are too many; 44 are left beside kiln's own/,
    ],
    ['a tag of AWS', { tags: { 'AWS:cost': 'x' } }, /tags: AWS:cost: aws: is AWS's own/],
    ['a tag of kiln', { tags: { 'kiln:stack': 'x' } }, /tags: kiln:stack: is set by the stack itself/],
    [
      'a tag that is too long',
      { tags: { team: 'x'.repeat(257) } },
      /tags: team: a key has 1 to 128 characters/,
    ],
    [
      'more settings than user data takes',
      { conf: { 'spark.app.words': 'x'.repeat(17_000) } },
      /node\.json has 1\d{4} bytes as user data, and EC2 takes 16384/,
    ],
    ['a drain too short', workers({ drain: 1 }), /drain: 1 must be 30 to 7200 seconds/],
    [
      'a network that is none',
      { network: { make: { cidr: '10.0.0.1/16', zones: ['a'] } } },
      /cidr: "10\.0\.0\.1\/16" must be/,
    ],
    ['no zone', { network: { make: { zones: [] } } }, /zones: name at least one/],
    [
      'a master outside its subnet',
      {
        network: {
          given: {
            vpc: 'v',
            routeTables: ['r'],
            subnets: [{ id: 's', zone: 'a', cidr: '10.9.0.0/20' }],
            masterAddress: '10.9.0.3',
          },
        },
      },
      /masterAddress: 10\.9\.0\.3 is no usable address of 10\.9\.0\.0\/20/,
    ],
    [
      'a prefix without its slash',
      { buckets: [{ bucket: 'b12', read: ['in'] }] },
      /"in" must be a prefix that ends with \//,
    ],
    ['a prefix with a wildcard', { buckets: [{ bucket: 'b12', write: ['*/'] }] }, /"\*\/" must be a prefix/],
    ['a bucket twice', { buckets: [...CLUSTER.buckets, ...CLUSTER.buckets] }, /acme-flights: is named twice/],
    [
      'event logs where it may not write',
      { eventLog: 's3a://acme-flights/input' },
      /eventLog: s3a:\/\/acme-flights\/input is in no bucket/,
    ],
    [
      'tables where it may not write',
      { warehouse: 's3a://acme-flights/input' },
      /warehouse: s3a:\/\/acme-flights\/input is in no bucket/,
    ],
    ['a name that is no host name', {}, /node\.json: cluster: must be 1 to 40/],
  ])('does not synthesise %s', (what, props, expected) => {
    expect(() => text(props, what.startsWith('a name') ? 'Flights_1' : 'flights')).toThrow(expected);
  });

  it('tells all faults at once', () => {
    expect(() => text({ account: '1', ...workers({ count: 0, types: ['x'] }) })).toThrow(
      /account[^]*types: x has no[^]*count: 0/,
    );
  });

  it('has a policy for any buckets and prefixes that covers each and no other bucket', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9]{2,10}$/);
    const prefix = fc.stringMatching(/^([a-z0-9]{1,5}\/){1,3}$/);
    const bucket = fc.record({
      bucket: name,
      read: fc.uniqueArray(prefix, { minLength: 1, maxLength: 3 }),
      write: fc.uniqueArray(prefix, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(bucket, { selector: (b) => b.bucket, minLength: 1, maxLength: 3 }),
        (buckets) => {
          const rest: Partial<AwsClusterProps> & typeof CLUSTER = { ...CLUSTER };
          delete (rest as { eventLog?: string }).eventLog;
          const stack = new AwsClusterStack(project.app(), 'flights', { ...rest, buckets });
          const made = JSON.parse(Testing.synth(stack, true)) as Synthesised;
          const found = statements(named(made, 'aws_iam_role_policy', 'role_policy')['policy']);
          const arns = (sids: string[]) => sids.flatMap((sid) => found[sid]?.Resource ?? []);
          for (const { bucket: b, read, write } of buckets) {
            for (const p of [...read, ...write]) expect(arns(['Read'])).toContain(`arn:aws:s3:::${b}/${p}*`);
            for (const p of write) expect(arns(['Write'])).toContain(`arn:aws:s3:::${b}/${p}*`);
            for (const p of read) {
              if (!write.includes(p)) expect(arns(['Write'])).not.toContain(`arn:aws:s3:::${b}/${p}*`);
            }
          }
          const known = buckets.map((b) => `arn:aws:s3:::${b.bucket}`);
          for (const arn of arns(['List', 'Read', 'Write'])) expect(known).toContain(arn.split('/')[0]);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('boots the image that a digest names, whatever the channel says', async () => {
    await project.promote('another disk');
    expect(synth({ image: GoldenImage.digest(digest) }).output['image']?.value).toBe(digest);
  });
});
