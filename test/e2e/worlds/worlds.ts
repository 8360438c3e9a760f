import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { NodeConfig } from '../../../factory/contracts/node';
import { CLUSTERS } from '../../../factory/machines/cluster';
import { BRIDGE, forwardOut, freePort } from '../../../factory/machines/network';
import type { RunResult } from '../../../factory/ports/machine/exec';
import { hostExec } from '../../../factory/ports/machine/exec-host';
import type { Sandbox } from '../../../factory/ports/sandbox/sandbox';
import { hostSandboxes } from '../../../factory/ports/sandbox/sandbox-host';
import { type BucketAccess, bucketStatements, storeOf } from '../../../modules/aws/buckets';
import { policy } from '../../../modules/aws/iam';
import type { AwsPlace } from '../../../modules/aws/place';
import { type BakedImage, placeImage } from '../image';
import { FIRST_WORKER, GATEWAY, launchFile, MASTER, projectStore, storeCredentials } from '../launch';

const HOME = resolve(__dirname, '../../..');
const NAME = 'worlds';
const METADATA = '169.254.169.254';
/** Where S3 is, for the test: an address that is routed nowhere else (RFC 5737). */
const S3 = { address: '203.0.113.10', prefix: '203.0.113.0/24' };
const MACHINES: Readonly<Record<string, string>> = {
  'master-1': MASTER,
  'worker-1': FIRST_WORKER,
  'worker-2': '10.213.0.21',
};

export const PLACE: AwsPlace = { account: '123456789012', region: 'eu-central-1' };
export const S3_NAME = `s3.${PLACE.region}.amazonaws.com`;
/** The bucket at AWS, as AwsClusterStack is told of it: node.json and the role's policy are made of this. */
export const ACCESS: BucketAccess = { bucket: 'acme-flights', read: ['input/'], write: ['output/'] };
export const RGW_BUCKET = 'flights';

/**
 * A role's policy on AWS, and what RGW 16 wants beside: without the last statement deleting in batches is refused, and
 * what the committer has left stays.
 */
const POLICY = policy(...bucketStatements(PLACE, [ACCESS]), {
  sid: 'Batches',
  actions: ['s3:DeleteObject'],
  resources: [`arn:aws:s3:::${ACCESS.bucket}`],
});

const Role = z.looseObject({ AccessKeyId: z.string(), Token: z.string(), Expiration: z.iso.datetime() });

/** Two stores, one cluster that reaches both: a Ceph RGW with keys by file, and S3 as AWS has it with a role. */
export class Worlds {
  private readonly rgw = mkdtempSync(join(tmpdir(), 'kiln-worlds-'));
  private readonly aws = mkdtempSync(join(tmpdir(), 'kiln-worlds-aws-'));
  private readonly out = join(this.aws, 's3');

  readonly machines = Object.keys(MACHINES);
  readonly addresses = Object.values(MACHINES);

  async start({ folder, record }: BakedImage): Promise<void> {
    for (const project of [this.rgw, this.aws])
      copyFileSync(join(HOME, 'factory.yaml'), join(project, 'factory.yaml'));
    placeImage(this.rgw, { folder, record });
    const [rgw, plain, s3] = [await freePort(), await freePort(), await freePort()];
    await this.kiln(this.rgw, ['store', 'up', '--port', String(rgw), '--bucket', RGW_BUCKET]);
    await this.kiln(this.aws, ['store', 'up', '--port', String(plain), '--bucket', ACCESS.bucket]);
    await this.startS3(s3);
    // AWS's authority is a public one, which machines trust anyway: here it is told beside RGW's.
    const authorities = [join(this.rgw, '.kiln/store/ca.pem'), join(this.out, 'ca.pem')];
    const ca = join(this.rgw, 'authorities.pem');
    writeFileSync(ca, authorities.map((file) => readFileSync(file, 'utf8')).join(''));

    const up = async (role: NodeConfig['role'], count: number, first: string): Promise<void> => {
      const file = launchFile(
        this.rgw,
        { folder, record },
        {
          cluster: NAME,
          role,
          count,
          first,
          store: rgw,
          stores: [projectStore('datacentre', RGW_BUCKET), storeOf(PLACE, [ACCESS])],
          credentials: storeCredentials('authorities.pem'),
          // S3 takes If-None-Match, RGW 16 does not (hadoopconf.py); what this job does needs it not.
          spark: {
            conf: { [`spark.hadoop.fs.s3a.bucket.${ACCESS.bucket}.create.conditional.enabled`]: 'false' },
          },
        },
      );
      await this.kiln(this.rgw, ['machines', 'up', '--spec', file]);
    };
    await up('master', 1, MASTER);
    await up('worker', 2, FIRST_WORKER);
    await this.reach(s3);
    await this.kiln(this.rgw, [
      ...['machines', 'wait', '--cluster', NAME, '--workers', '2', '--timeout', '600'],
    ]);
    await this.routeToS3Alone();
  }

  async end(): Promise<void> {
    await this.kiln(this.rgw, ['machines', 'down', '--cluster', NAME], [0, 1, 3]);
    for (const project of [this.rgw, this.aws]) {
      await this.kiln(project, ['store', 'down'], [0, 1, 3]);
      rmSync(project, { recursive: true, force: true });
    }
  }

  /** Puts a folder into both stores as who owns the bucket, at AWS also where the cluster may not read. */
  async put(folder: string): Promise<void> {
    await this.kiln(this.rgw, ['store', 'put', folder, `s3://${RGW_BUCKET}/input`]);
    for (const prefix of ['input', 'elsewhere'])
      await this.kiln(this.aws, ['store', 'put', folder, `s3://${ACCESS.bucket}/${prefix}`]);
  }

  /** Fetches a folder of a bucket by a machine of the cluster, with what the machine may. @returns where it is. */
  async fetch(address: string, name: string): Promise<string> {
    await this.in('master-1', ['hadoop', 'fs', '-get', address, `/scratch/tmp/${name}`]);
    return join(this.rgw, '.kiln/clusters', NAME, `${NAME}-master-1`, 'scratch/tmp', name);
  }

  get(address: string, target: string): Promise<RunResult> {
    return this.kiln(this.rgw, ['store', 'get', address, target]);
  }

  job(input: string, output: string): Promise<RunResult> {
    return this.kiln(this.rgw, [
      ...['run', NAME, '--', '-m', 'flights.etl', '--input', input, '--output', output],
    ]);
  }

  in(machine: string, command: readonly string[], accept = [0]): Promise<RunResult> {
    return this.kiln(
      this.rgw,
      ['machines', 'exec', '--cluster', NAME, '--machine', `${NAME}-${machine}`, '--', ...command],
      accept,
    );
  }

  get role(): z.infer<typeof Role> {
    return Role.parse(JSON.parse(readFileSync(join(this.out, 'role.json'), 'utf8')));
  }

  /** What S3's log says of all requests for data: the names asked at, who signed and for which region, each once. */
  get seen(): readonly { readonly host: string; readonly key: string; readonly region: string }[] {
    const log = readFileSync(join(this.out, 'access.log'), 'utf8');
    const hosts = new Map([...log.matchAll(/ req (\d+) \S+ host=(\S+)/g)].map(([, id, host]) => [id, host]));
    const signed = / req (\d+) \S+ v4 credential format = ([^/\s]+)\/\d+\/([^/\s]+)\/s3\//g;
    const found = [...log.matchAll(signed)].map(([, id, key = '', region = '']) =>
      JSON.stringify({ host: hosts.get(id) ?? '', key, region }),
    );
    return [...new Set(found)].map((one) => JSON.parse(one) as (typeof this.seen)[number]);
  }

  get metadataLog(): string {
    return readFileSync(join(this.rgw, 'imds.log'), 'utf8');
  }

  private kiln(project: string, args: readonly string[], accept = [0]): Promise<RunResult> {
    return hostExec.run(join(HOME, 'bin/kiln'), args, { cwd: project, accept });
  }

  private async sandbox(folder: string): Promise<Sandbox> {
    const found = await hostSandboxes(hostExec).find(folder);
    if (found === undefined) throw new Error(`nothing runs in ${folder}`);
    return found;
  }

  private async startS3(port: number): Promise<void> {
    const sandbox = await this.sandbox(join(this.aws, '.kiln/store'));
    mkdirSync(this.out);
    const log = join(this.out, 'start.log');
    await sandbox.spawn('s3', join(__dirname, 's3-like-aws'), [], {
      log,
      env: {
        KILN_S3_OUT: this.out,
        KILN_S3_PORT: String(port),
        KILN_S3_REGION: PLACE.region,
        KILN_S3_POLICY: POLICY,
        KILN_S3_HOME: HOME,
      },
    });
    for (let tries = 0; !existsSync(join(this.out, 'ready')); tries += 1) {
      if (tries > 600 || (await sandbox.alive('s3')) === undefined)
        throw new Error(`S3 does not come up:\n${readFileSync(log, 'utf8').slice(-4000)}`);
      await sleep(200);
    }
  }

  /** S3 and the metadata service as machines find them, at addresses of their own in the cluster's network. */
  private async reach(s3: number): Promise<void> {
    const sandbox = await this.sandbox(join(CLUSTERS, NAME));
    for (const address of [S3.address, METADATA])
      await sandbox.run('ip', ['address', 'add', `${address}/32`, 'dev', BRIDGE]);
    await forwardOut(sandbox, S3.address, '443', `127.0.0.1:${String(s3)}`);
    const imds = join(HOME, 'test/e2e/spark/imds.py');
    const words = [imds, METADATA, join(this.rgw, 'nobody-is-told'), join(this.out, 'role.json')];
    await sandbox.spawn('imds', 'python3', words, { log: join(this.rgw, 'imds.log') });
  }

  /** As in a private subnet with a gateway endpoint: a route to S3's prefix, none to anywhere else. */
  private async routeToS3Alone(): Promise<void> {
    const script = [
      'ip route del default',
      `ip route add ${S3.prefix} via ${GATEWAY}`,
      // The metadata service is the hypervisor's, on the link.
      `ip route add ${METADATA}/32 dev host0`,
      `echo ${S3.address} ${ACCESS.bucket}.${S3_NAME} >>/etc/hosts`,
    ].join(' && ');
    for (const machine of this.machines) await this.in(machine, ['sh', '-c', script]);
  }
}
