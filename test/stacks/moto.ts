import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { XMLParser } from 'fast-xml-parser';
import { freePort } from '../../factory/machines/network';
import { ACCOUNT } from './aws';

const HOME = resolve(__dirname, '../..');
const REGION = 'eu-central-1';

const VERSIONS: Readonly<Record<string, string>> = { ec2: '2016-11-15', autoscaling: '2011-01-01' };

type Answer = Readonly<Record<string, unknown>>;

/** moto on a port of its own, with what tools/moto/server.py adds. */
export class Moto {
  private constructor(
    private readonly server: ChildProcess,
    readonly address: string,
  ) {}

  /**
   * @param account whose everything there is.
   * @throws Error when moto cannot be had: its packages come from PyPI.
   */
  static async start(account = ACCOUNT): Promise<Moto> {
    const made = spawnSync(join(HOME, 'tools/moto/venv'), [], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`tools/moto/venv: ${made.stderr}`);
    const port = String(await freePort());
    const server = spawn(join(made.stdout.trim(), 'bin/python'), [join(HOME, 'tools/moto/server.py'), port], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, MOTO_ACCOUNT_ID: account },
    });
    let said = '';
    server.stderr.on('data', (some: Buffer) => {
      said = `${said}${some.toString()}`.slice(-4000);
    });
    const moto = new Moto(server, `http://127.0.0.1:${port}`);
    for (let tries = 0; tries < 300; tries += 1) {
      if (server.exitCode !== null) break;
      const up = await fetch(`${moto.address}/moto-api/`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (up) return moto;
      await sleep(200);
    }
    server.kill();
    throw new Error(`moto does not answer: ${said}`);
  }

  /** What Terraform and its provider need to talk to it instead of AWS; nothing of it stands in a stack. */
  get environment(): Readonly<Record<string, string>> {
    return {
      AWS_ENDPOINT_URL: this.address,
      AWS_ACCESS_KEY_ID: 'nobody',
      AWS_SECRET_ACCESS_KEY: 'nothing',
      AWS_EC2_METADATA_DISABLED: 'true',
      // What moto cannot do it answers with 500: tell it instead of asking for minutes.
      AWS_MAX_ATTEMPTS: '2',
    };
  }

  stop(): void {
    this.server.kill();
  }

  /** Any call of EC2's or Auto Scaling's query API. */
  async call(
    service: 'ec2' | 'autoscaling',
    action: string,
    params: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const body = new URLSearchParams({ Action: action, Version: VERSIONS[service] ?? '', ...params });
    const response = await fetch(this.address, {
      method: 'POST',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=nobody/20260101/${REGION}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${action}: ${response.status}: ${text}`);
    const parsed = new XMLParser({
      isArray: (name) => name === 'item' || name === 'member',
      parseTagValue: false,
    }).parse(text) as Record<string, Answer>;
    return parsed[`${action}Response`] ?? {};
  }

  /** An AMI with a tag. @returns its id. */
  async image(name: string, tags: Readonly<Record<string, string>>): Promise<string> {
    const volume = await this.call('ec2', 'CreateVolume', { AvailabilityZone: `${REGION}a`, Size: '1' });
    const snapshot = await this.call('ec2', 'CreateSnapshot', { VolumeId: String(volume['volumeId']) });
    const { imageId } = await this.call('ec2', 'RegisterImage', {
      Name: name,
      Architecture: 'x86_64',
      RootDeviceName: '/dev/xvda',
      'BlockDeviceMapping.1.DeviceName': '/dev/xvda',
      'BlockDeviceMapping.1.Ebs.SnapshotId': String(snapshot['snapshotId']),
    });
    const pairs = Object.entries(tags).flatMap(([key, value], index) => [
      [`Tag.${index + 1}.Key`, key],
      [`Tag.${index + 1}.Value`, value],
    ]);
    await this.call('ec2', 'CreateTags', {
      'ResourceId.1': String(imageId),
      ...(Object.fromEntries(pairs) as Record<string, string>),
    });
    return String(imageId);
  }

  /** Instances of a group that are not ended: id and image, sorted. */
  async instances(group: string): Promise<readonly { readonly id: string; readonly image: string }[]> {
    const about = await this.call('autoscaling', 'DescribeAutoScalingGroups', {
      'AutoScalingGroupNames.member.1': group,
    });
    const ids = [...JSON.stringify(about).matchAll(/"InstanceId":"(i-[0-9a-f]+)"/g)].map(([, id]) =>
      String(id),
    );
    if (ids.length === 0) return [];
    const found = await this.call(
      'ec2',
      'DescribeInstances',
      Object.fromEntries(ids.map((id, index) => [`InstanceId.${index + 1}`, id])),
    );
    return [...JSON.stringify(found).matchAll(/"instanceId":"(i-[0-9a-f]+)".*?"imageId":"(ami-[0-9a-f]+)"/g)]
      .map(([, id, image]) => ({ id: String(id), image: String(image) }))
      .sort((a, b) => a.id.localeCompare(b.id));
  }
}
