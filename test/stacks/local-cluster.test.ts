import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Testing } from 'cdktf';
import type { TerraformStack } from 'cdktf';
import { beforeEach, describe, expect, it } from 'vitest';
import { LaunchGroup } from '../../factory/contracts/launch';
import { GoldenImage } from '../../modules/golden-image';
import { localStore } from '../../modules/local-store';
import { LocalClusterStack } from '../../stacks/local-cluster';
import type { LocalClusterProps } from '../../stacks/local-cluster';
import { newProject } from './support';
import type { ProjectPlace } from './support';

interface Synthesised {
  readonly output: Readonly<Record<string, { readonly value: string }>>;
  readonly resource: {
    readonly null_resource: Readonly<
      Record<
        string,
        {
          readonly triggers: Readonly<Record<string, string>>;
          readonly provisioner: readonly {
            readonly 'local-exec': {
              readonly command: string;
              readonly when?: string;
              readonly working_dir: string;
              readonly environment?: Readonly<Record<string, string>>;
            };
          }[];
        }
      >
    >;
  };
  readonly terraform: { readonly backend: { readonly local: { readonly path: string } } };
}

let project: ProjectPlace;
let digest: string;
beforeEach(async () => {
  project = await newProject();
  digest = await project.promote('disk');
});

const PRODUCTION = GoldenImage.channel('production');
const stackOf = (props: Partial<LocalClusterProps> = {}, id = 'local'): TerraformStack =>
  new LocalClusterStack(project.app(), id, { image: PRODUCTION, ...props });
const synth = (props: Partial<LocalClusterProps> = {}, id = 'local'): Synthesised =>
  JSON.parse(Testing.synth(stackOf(props, id), true)) as Synthesised;

/** Resources by the group or purpose their logical id begins with. */
function resource({ resource: { null_resource: all } }: Synthesised, begin: string) {
  const found = Object.entries(all).find(([id]) => id.startsWith(begin))?.[1];
  const provisioner = found?.provisioner[0]?.['local-exec'];
  if (found === undefined || provisioner === undefined) throw new Error(`no ${begin}`);
  return { triggers: found.triggers, ...provisioner };
}
const launchOf = (synthesised: Synthesised, group: string): LaunchGroup =>
  LaunchGroup.parse(
    JSON.parse(resource(synthesised, `${group}_machines`).environment?.['KILN_LAUNCH_GROUP'] ?? ''),
  );

describe('the local cluster', () => {
  it('carries the digest that the channel names in triggers, node.json and outputs', () => {
    const made = synth();
    expect(made.output['image']?.value).toBe(digest);
    for (const group of ['master', 'workers']) {
      expect(resource(made, `${group}_group`).triggers['image']).toBe(digest);
      expect(launchOf(made, group).image.digest).toBe(digest);
      expect(launchOf(made, group).node.image).toEqual(launchOf(made, group).image);
    }
  });

  it('starts master, then workers, then waits for them; ends them in the other direction', () => {
    const made = synth();
    expect(resource(made, 'workers_group').triggers['after']).toMatch(
      /null_resource\.master_machines_\w+\.id/,
    );
    expect(resource(made, 'master_machines').triggers['group']).toMatch(
      /null_resource\.master_group_\w+\.id/,
    );
    expect(Object.keys(resource(made, 'ready').triggers)).toEqual(['master', 'workers']);
    expect(resource(made, 'ready').command).toMatch(/bin\/kiln machines wait --cluster local --workers 2$/);
    expect(resource(made, 'workers_group')).toMatchObject({
      when: 'destroy',
      command: expect.stringContaining('machines down --cluster ${self.triggers.cluster}') as string,
    });
    expect(launchOf(made, 'master')).toMatchObject({ count: 1, node: { role: 'master' } });
    expect(launchOf(made, 'workers')).toMatchObject({ count: 2, node: { role: 'worker' } });
  });

  it('has as many resources for 64 workers as for 1, and hardly more text', () => {
    const one = synth({ workers: 1 });
    const many = synth({ workers: 64 });
    expect(Object.keys(many.resource.null_resource)).toEqual(Object.keys(one.resource.null_resource));
    const grown = JSON.stringify(many).length - JSON.stringify(one).length;
    expect(Math.abs(grown)).toBeLessThan(64);
  });

  it.each([
    ['another image', {}, true],
    ['another number of workers', { workers: 3 }, false],
    ['another size', { worker: { cores: 2, memoryMiB: 1024 } }, false],
    ['another setting', { conf: { 'spark.speculation': 'true' } }, true],
    ['another driver', { machine: 'qemu' as const }, true],
  ])('replaces machines for %s', async (what, props, alsoMaster) => {
    const before = synth();
    if (what === 'another image') await project.promote('another disk');
    const after = synth(props);
    const differs = (name: string): boolean =>
      JSON.stringify(resource(before, name).triggers) !== JSON.stringify(resource(after, name).triggers);
    expect(differs('workers_group')).toBe(true);
    expect(differs('master_group')).toBe(alsoMaster);
  });

  it('is the same text in every project folder: no absolute path, stable logical ids', async () => {
    const here = Testing.synth(stackOf(), true);
    const other = await newProject();
    await other.promote('disk');
    const there = Testing.synth(new LocalClusterStack(other.app(), 'local', { image: PRODUCTION }), true);
    // Each is as far from kiln's own folder as its random name says; both lie in the same temporary folder.
    expect(there).toBe(here);
    expect(here).not.toContain(project.root);
    expect(Object.keys((JSON.parse(here) as Synthesised).resource.null_resource).sort()).toEqual([
      'master_group_25065E9E',
      'master_machines_5E016892',
      'ready',
      'workers_group_CFEF7E2A',
      'workers_machines_61DBCF8F',
    ]);
    expect((JSON.parse(here) as Synthesised).terraform.backend.local.path).toBe(
      '../../../terraform.local.tfstate',
    );
  });

  it('lets the driver decide about scratch: a directory for nspawn, reserved disks for QEMU', () => {
    const { scratch, disks } = launchOf(synth(), 'workers');
    expect(scratch?.nspawn).toEqual({ kind: 'directory' });
    expect(scratch?.qemu).toMatchObject({
      kind: 'disks',
      select: { serialPrefix: 'kiln-scratch' },
      disks: disks.count,
      missing: 'fail',
    });
    expect(launchOf(synth({ machine: 'qemu' }), 'workers').node.scratch).toEqual(scratch?.qemu);
  });

  it('hands over secrets by reference only', () => {
    const { node, credentials } = launchOf(synth(), 'workers');
    expect(Object.keys(credentials).sort()).toEqual([
      'spark-secret',
      'store-access-key',
      'store-ca',
      'store-secret-key',
    ]);
    const referred = JSON.stringify(node).match(/"credential":"[^"]+"/g);
    expect(referred).toHaveLength(4);
  });

  it('hands a setting over as it is, though terraform reads strings as templates', () => {
    const conf = {
      'spark.app.name': 'x-${env.HOME}-%{ if }',
      'spark.driver.extraJavaOptions': `-Da='"$HOME"'`,
    };
    const made = synth({ conf });
    const text = resource(made, 'workers_machines').environment?.['KILN_LAUNCH_GROUP'] ?? '';
    expect(text).toContain('x-$${env.HOME}-%%{ if }');
    const evaluated = text.replaceAll('$${', '${').replaceAll('%%{', '%{');
    expect(LaunchGroup.parse(JSON.parse(evaluated)).node.spark.conf).toMatchObject(conf);
  });

  it('does not synthesise a faulty configuration and tells all its faults with their paths', () => {
    const faulty: Partial<LocalClusterProps> = {
      workers: 0,
      worker: { cores: 0, memoryMiB: 256 },
      conf: { 'not.spark': 'x' },
    };
    expect(() => synth(faulty)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(
          /node\.json: spark\.conf\.not\.spark: .*[^]*node\.json: spark\.worker\.cores: [^]*node\.json: spark\.worker\.memoryMiB: [^]*launch group: count: /,
        ) as string,
      }),
    );
  });

  it.each<[string, Partial<LocalClusterProps>, string | undefined]>([
    ['the bucket of the store', {}, 's3a://flights/warehouse'],
    ['the bucket of another store', { store: localStore({ bucket: 'night' }) }, 's3a://night/warehouse'],
    ['where it is told', { warehouse: 's3a://flights/a/b' }, 's3a://flights/a/b'],
    ['nowhere', { warehouse: false }, undefined],
  ])('has its tables in %s', (_, props, warehouse) => {
    const made = synth(props);
    for (const group of ['master', 'workers'])
      expect(launchOf(made, group).node.spark.warehouse).toBe(warehouse);
  });

  it('does not synthesise a warehouse in a bucket of no store, nor one on the disks of its nodes', () => {
    expect(() => synth({ warehouse: 's3a://other/w' })).toThrow(
      /spark\.warehouse: bucket "other" is of no store/,
    );
    expect(() => synth({ warehouse: 'file:/scratch/w' })).toThrow(/spark\.warehouse: must be s3a:/);
    expect(() => synth({ conf: { 'spark.sql.warehouse.dir': 'file:/scratch/w' } })).toThrow(
      /on the disk of one node, where each node has its own/,
    );
  });

  it('does not synthesise settings of Spark that are known to lose data, to hang or to open the cluster', () => {
    const conf = {
      'spark.hadoop.fs.s3a.committer.name': 'directory',
      'spark.local.dir': '/tmp',
      'spark.master.rest.enabled': 'true',
    };
    expect(() => synth({ conf, warehouse: false })).toThrow(
      /node\.json: spark\.conf: .*staging committers[^]*46 of 100 uploads[^]*takes jobs from anybody[^]*not below \/scratch/,
    );
  });

  it('has a history server and a notebook where they are asked for, the token with the notebook alone', () => {
    const made = synth({ history: true, notebook: true, executorCores: 1 });
    expect(launchOf(made, 'history')).toMatchObject({
      count: 1,
      node: { role: 'history', spark: { conf: { 'spark.eventLog.dir': 's3a://flights/spark-events' } } },
    });
    const { node, credentials } = launchOf(made, 'notebook');
    expect(node).toMatchObject({
      role: 'notebook',
      secrets: { notebook: { credential: 'notebook-token' } },
      spark: { executorCores: 1 },
    });
    expect(credentials['notebook-token']).toEqual({ generate: 'cluster' });
    for (const group of ['master', 'workers', 'history']) {
      expect(launchOf(made, group).credentials).not.toHaveProperty('notebook-token');
    }
    expect(Object.keys(resource(made, 'ready').triggers).sort()).toEqual([
      'history',
      'master',
      'notebook',
      'workers',
    ]);
    expect(Object.keys(synth().resource.null_resource).filter((id) => /history|notebook/.test(id))).toEqual(
      [],
    );
  });

  it('does not synthesise a cluster whose name cannot be a host name', () => {
    expect(() => synth({}, 'Local_1')).toThrow(/node\.json: cluster: must be 1 to 40 of a-z/);
  });

  it('says which command fills an empty channel, and that a registry is missing', () => {
    expect(() => synth({ image: GoldenImage.channel('candidate') })).toThrow(
      expect.objectContaining({
        code: 'channel-empty',
        hint: expect.stringContaining('kiln promote IMAGE candidate --apply') as string,
      }),
    );
    rmSync(project.home.where, { recursive: true });
    expect(() => synth()).toThrow(expect.objectContaining({ code: 'no-registry' }));
  });

  it('takes an image by its digest, whatever the channel says', async () => {
    await project.promote('another disk');
    expect(synth({ image: GoldenImage.digest(digest) }).output['image']?.value).toBe(digest);
    expect(() => synth({ image: GoldenImage.digest(digest.replace(/.$/, '_')) })).toThrow();
  });

  it('is written where terraform expects it', () => {
    const app = project.app();
    new LocalClusterStack(app, 'local', { image: PRODUCTION });
    app.synth();
    const text = readFileSync(join(app.outdir, 'stacks/local/cdk.tf.json'), 'utf8');
    expect((JSON.parse(text) as Synthesised).output['image']?.value).toBe(digest);
  });
});
