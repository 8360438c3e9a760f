import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AwsClusterStack } from '../../stacks/aws-cluster';
import type { AwsClusterProps } from '../../stacks/aws-cluster';
import { AwsStateStack } from '../../stacks/aws-state';
import { ACCOUNT, CLUSTER, REGION, recordPublication } from './aws';
import { newProject } from './support';
import type { ProjectPlace } from './support';
import { hasAwsProvider, terraform } from './terraform';
import { Moto } from './moto';

/*
 * The stacks as users deploy them, by the real Terraform and the real provider, against moto. Nothing of
 * the emulator stands in the stacks: the provider's own variables lead there.
 */

// A deploy takes half a minute on an idle machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const all = process.env['KILN_TEST_ALL'] === '1';
const notHere = !all ? 'make test-all' : hasAwsProvider;

describe.skipIf(notHere !== undefined)(
  `a cluster on AWS${notHere === undefined ? '' : ` (${notHere})`}`,
  () => {
    let moto: Moto;
    let project: ProjectPlace;
    let digest: string;
    let second: string;

    beforeAll(async () => {
      moto = await Moto.start();
      Object.assign(process.env, moto.environment);
      project = await newProject();
      digest = await publish('disk');
    });
    afterAll(() => {
      moto.stop();
    });

    /** Promotes a "disk" and makes an AMI of it. */
    async function publish(disk: string): Promise<string> {
      const made = await project.promote(disk);
      recordPublication(project, made, await moto.image(`spark-node-${disk}`, { 'kiln:digest': made }));
      return made;
    }

    /** Synthesises a stack. @returns its folder. */
    function synth(props: Partial<AwsClusterProps> = {}, id = 'flights'): string {
      const app = project.app();
      new AwsClusterStack(app, id, { ...CLUSTER, ...props });
      app.synth();
      return join(app.outdir, 'stacks', id);
    }

    async function well(folder: string, ...args: readonly string[]): Promise<string> {
      const { code, text } = await terraform(folder, ...args);
      expect(code, text).toBe(0);
      return text;
    }

    /** What a deploy would do: address -> actions, without what stays. */
    async function plan(folder: string): Promise<Record<string, string>> {
      await well(folder, 'plan', '-input=false', '-out=planned');
      const { resource_changes: changes = [] } = JSON.parse(
        await well(folder, 'show', '-json', 'planned'),
      ) as {
        resource_changes?: { address: string; change: { actions: string[] } }[];
      };
      return Object.fromEntries(
        changes
          .map(
            ({ address, change }) =>
              [address.replace(/_[0-9A-F]{8}$/, ''), change.actions.join('+')] as const,
          )
          .filter(([, actions]) => actions !== 'no-op' && actions !== 'read'),
      );
    }
    const apply = (folder: string): Promise<string> => well(folder, 'apply', '-input=false', 'planned');
    const ids = async (group: string): Promise<readonly string[]> =>
      (await moto.instances(group)).map(({ id }) => id);

    it('has its state in a bucket that a stack of its own makes', async () => {
      const app = project.app();
      new AwsStateStack(app, 'state', { account: ACCOUNT, region: REGION, bucket: CLUSTER.state.bucket });
      app.synth();
      const folder = join(app.outdir, 'stacks', 'state');
      await well(folder, 'init', '-input=false');
      expect(Object.keys(await plan(folder))).toHaveLength(5);
      await apply(folder);
      expect(await plan(folder)).toEqual({});
    });

    it('is not deployed from an AMI that is another image', async () => {
      const folder = synth({ ami: { id: await moto.image('somebody-else', { 'kiln:digest': 'sha256:0' }) } });
      await well(folder, 'init', '-input=false');
      const { code, text } = await terraform(folder, 'plan', '-input=false', '-no-color');
      expect(code).not.toBe(0);
      expect(text.replaceAll(/[\s│]+/g, ' ')).toContain(`its tag kiln:digest is not ${digest}`);
    });

    it('is deployed once, and a second time there is nothing to do', async () => {
      const folder = synth();
      await well(folder, 'init', '-input=false');
      const first = await plan(folder);
      expect(new Set(Object.values(first))).toEqual(new Set(['create']));
      await apply(folder);
      expect(await plan(folder)).toEqual({});
      expect(await moto.instances('kiln-flights-workers')).toHaveLength(3);
      expect(await moto.instances('kiln-flights-master')).toHaveLength(1);
    });

    it('has a secret that is in no state and no plan', async () => {
      const folder = synth();
      const state = await well(folder, 'state', 'pull');
      const parameter = JSON.stringify(
        (JSON.parse(state) as { resources: { type: string }[] }).resources.filter(
          ({ type }) => type === 'aws_ssm_parameter',
        ),
      );
      expect(parameter).toContain('"name":"/kiln/flights/spark-secret"');
      expect(parameter).toMatch(/"value":(null|"")/);
      const response = await fetch(moto.address, {
        method: 'POST',
        headers: {
          'x-amz-target': 'AmazonSSM.GetParameter',
          'content-type': 'application/x-amz-json-1.1',
          authorization: `AWS4-HMAC-SHA256 Credential=nobody/20260101/${REGION}/ssm/aws4_request, SignedHeaders=host, Signature=0`,
        },
        body: JSON.stringify({ Name: '/kiln/flights/spark-secret', WithDecryption: true }),
      });
      const { Parameter } = (await response.json()) as { Parameter: { Type: string; Value: string } };
      expect(Parameter.Type).toBe('SecureString');
      expect(Parameter.Value).toMatch(/^[A-Za-z0-9]{48}$/);
      expect(state).not.toContain(Parameter.Value);
      expect(await well(folder, 'show', '-json', 'planned')).not.toContain(Parameter.Value);
    });

    it('grows and shrinks by its number alone, and leaves the workers that stay', async () => {
      const before = await ids('kiln-flights-workers');
      const more = synth({ workers: { ...CLUSTER.workers, count: 5 } });
      expect(await plan(more)).toEqual({ 'aws_autoscaling_group.workers_group': 'update' });
      await apply(more);
      expect(await ids('kiln-flights-workers')).toHaveLength(5);
      expect(await ids('kiln-flights-workers')).toEqual(expect.arrayContaining([...before]));
      const fewer = synth();
      expect(await plan(fewer)).toEqual({ 'aws_autoscaling_group.workers_group': 'update' });
      await apply(fewer);
      expect(await ids('kiln-flights-workers')).toHaveLength(3);
    });

    it('rolls the workers, not the master, when only they change', async () => {
      const [master, workers] = [await ids('kiln-flights-master'), await ids('kiln-flights-workers')];
      const folder = synth({ workers: { ...CLUSTER.workers, types: ['m5d.2xlarge', 'm6id.2xlarge'] } });
      expect(await plan(folder)).toEqual({
        'aws_autoscaling_group.workers_group': 'update',
        'aws_launch_template.workers_from_template': 'update',
      });
      await apply(folder);
      expect(await ids('kiln-flights-master')).toEqual(master);
      expect(await ids('kiln-flights-workers')).toHaveLength(workers.length);
      await plan(synth());
      await apply(folder);
    });

    it('rolls every machine for another image, and the plan touches templates and groups only', async () => {
      second = await publish('another disk');
      const old = await ids('kiln-flights-workers');
      const folder = synth();
      expect(await plan(folder)).toEqual({
        'aws_autoscaling_group.master_group': 'update',
        'aws_autoscaling_group.workers_group': 'update',
        'aws_launch_template.master_from_template': 'update',
        'aws_launch_template.workers_from_template': 'update',
      });
      expect(await apply(folder)).toContain(second);
      const now = await moto.instances('kiln-flights-workers');
      expect(now).toHaveLength(old.length);
      expect(now.map(({ id }) => id)).toEqual(expect.not.arrayContaining([...old]));
      expect(new Set(now.map(({ image }) => image)).size).toBe(1);
      expect(await plan(folder)).toEqual({});
    });

    it('keeps environments apart', async () => {
      const folder = synth({ environment: 'production' }, 'flights-production');
      await well(folder, 'init', '-input=false');
      expect((await terraform(folder, 'state', 'list')).text).not.toContain('aws_');
      expect(new Set(Object.values(await plan(folder)))).toEqual(new Set(['create']));
    });

    it('tells the second of two deploys at once who is at work', async () => {
      const folder = synth();
      // The first one waits for an answer, with the lock in its hand.
      const first = spawn('terraform', ['apply', '-input=false', '-no-color'], {
        cwd: synth({ workers: { ...CLUSTER.workers, count: 4 } }),
        stdio: ['pipe', 'ignore', 'ignore'],
        env: { ...process.env, CHECKPOINT_DISABLE: '1' },
      });
      try {
        const lock = `${moto.address}/${CLUSTER.state.bucket}/staging/flights.tfstate.tflock`;
        for (let tries = 0; tries < 150 && !(await fetch(lock)).ok; tries += 1) await sleep(200);
        const { code, text } = await terraform(folder, 'plan', '-input=false', '-no-color');
        expect(code).not.toBe(0);
        expect(text).toMatch(/Error acquiring the state lock[^]*Who:\s+\S+@\S+/);
      } finally {
        first.stdin.end('no\n');
        await new Promise((done) => first.on('exit', done));
      }
      expect(await plan(synth())).toEqual({});
    });

    it('is destroyed without a trace, but for the data', async () => {
      const folder = synth();
      await well(folder, 'destroy', '-auto-approve', '-input=false');
      expect((await well(folder, 'state', 'list')).trim()).toBe('');
      expect(await moto.instances('kiln-flights-workers')).toEqual([]);
      const vpcs = JSON.stringify(await moto.call('ec2', 'DescribeVpcs'));
      expect(vpcs).not.toContain('10.64.0.0/16');
      expect(existsSync(folder)).toBe(true);
    });
  },
);
