import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { Testing } from 'cdktf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BucketRegistry } from '../../factory/contracts/spec';
import { formatError, type KilnError } from '../../factory/errors';
import { hostExec } from '../../factory/ports/machine/exec-host';
import { hostSandboxes } from '../../factory/ports/sandbox/sandbox-host';
import { openHome } from '../../factory/registry/open';
import { freePort } from '../../factory/store/port-owner';
import { storeDown, storeUp } from '../../factory/store/store';
import { PROJECT_CONTEXT } from '../../modules/project';
import { GoldenImage } from '../../modules/golden-image';
import { LocalClusterStack } from '../../stacks/local-cluster';
import { contest } from '../factory/registry/contest';
import { homeContract } from '../factory/registry/home-contract';
import { bake, digestOf, verdictOf } from '../factory/registry/support';

const HOME = resolve(__dirname, '../..');
const ALL = process.env['KILN_TEST_ALL'] !== undefined;

let root: string;
const settings = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_ENDPOINT_URL',
  'AWS_PROFILE',
  'AWS_CONFIG_FILE',
] as const;
const before = new Map(settings.map((name) => [name, process.env[name]]));

function useKeys(id: string, secret: string): void {
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: secret,
    // Of these a registry with an endpoint of its own takes nothing.
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    AWS_CONFIG_FILE: '/dev/null',
  });
  delete process.env['AWS_PROFILE'];
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'kiln-buckets-'));
  spawnSync(join(HOME, 'bin/kiln'), ['--version'], { stdio: 'ignore' });
});
afterAll(() => {
  for (const [name, value] of before) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
  rmSync(root, { recursive: true, force: true });
});

const admin = (bucket: BucketRegistry): S3Client =>
  new S3Client({
    endpoint: bucket.endpoint ?? '',
    region: 'us-east-1',
    forcePathStyle: true,
    ...(bucket.ca === undefined
      ? {}
      : { requestHandler: { httpsAgent: { ca: readFileSync(join(root, bucket.ca)) } } }),
  });

const homeOf = (bucket: BucketRegistry) => openHome({ registry: bucket.address, bucket, root });

describe('AWS as moto has it', () => {
  let server: ChildProcess | undefined;
  let bucket: BucketRegistry;
  beforeAll(async () => {
    const venv = execFileSync(join(HOME, 'tools/moto/venv'), { encoding: 'utf8' }).trim();
    const port = String((await freePort(0)) ?? 0);
    bucket = { address: 's3://images/kiln', endpoint: `http://127.0.0.1:${port}` };
    useKeys('testing', 'testing');
    server = spawn(join(venv, 'bin', 'moto_server'), ['-H', '127.0.0.1', '-p', port], { stdio: 'ignore' });
    const client = admin(bucket);
    for (let tries = 0; ; tries += 1) {
      try {
        await client.send(new CreateBucketCommand({ Bucket: 'images' }));
        break;
      } catch (error) {
        if (tries > 60) throw error;
        await sleep(500);
      }
    }
    client.destroy();
  }, 300_000);
  afterAll(() => {
    server?.kill();
  });
  homeContract('moto', () => homeOf(bucket));
});

describe.skipIf(process.getuid?.() !== 0)('a real radosgw (needs root)', { timeout: 600_000 }, () => {
  const sandboxes = hostSandboxes(hostExec);
  let project: { state: string; home: string };
  let bucket: BucketRegistry;
  beforeAll(async () => {
    project = { state: join(root, '.kiln'), home: HOME };
    const { endpoint } = await storeUp(project, sandboxes, {
      port: (await freePort(0)) ?? 0,
      bucket: 'images',
    });
    bucket = { address: 's3://images/kiln', endpoint, ca: '.kiln/store/ca.pem' };
    const key = (name: string): string => readFileSync(join(project.state, 'store', name), 'utf8');
    useKeys(key('access-key'), key('secret-key'));
  }, 300_000);
  afterAll(async () => {
    await storeDown(project, sandboxes);
  }, 60_000);

  homeContract('radosgw', () => homeOf(bucket));

  it('has one winner for every entry that eight processes are at', async () => {
    await contest({ root, home: homeOf(bucket) }, { bucket, root }, ALL ? 500 : 25);
  });

  it('refuses a bucket with versioning at init, with the reason and the way out', async () => {
    const client = admin(bucket);
    await client.send(new CreateBucketCommand({ Bucket: 'versioned' }));
    await client.send(
      new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration: { Status: 'Enabled' } }),
    );
    client.destroy();
    const fault = await homeOf({ ...bucket, address: 's3://versioned' })
      .init()
      .catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'registry-unfit' });
    expect(formatError(fault as KilnError)).toMatch(/If-None-Match.*make a bucket that never had it/s);
  });

  it('says which bucket is missing, which keys are wrong, and which are not there', async () => {
    await expect(homeOf({ ...bucket, address: 's3://nowhere' }).init()).rejects.toMatchObject({
      code: 'bucket-missing',
    });
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = process.env;
    useKeys(id ?? '', 'wrong');
    await expect(homeOf(bucket).exists()).rejects.toMatchObject({ code: 'store-refused' });
    delete process.env['AWS_ACCESS_KEY_ID'];
    delete process.env['AWS_SECRET_ACCESS_KEY'];
    process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
    process.env['AWS_SHARED_CREDENTIALS_FILE'] = '/dev/null';
    await expect(homeOf(bucket).exists()).rejects.toMatchObject({ code: 'store-no-keys', exitCode: 2 });
    useKeys(id ?? '', secret ?? '');
  });

  describe('of a project', () => {
    let folder: string;
    const kiln = (...args: readonly string[]): { code: number | null; out: string; err: string } => {
      const { status, stdout, stderr } = spawnSync(join(HOME, 'bin/kiln'), args, {
        cwd: folder,
        env: { ...process.env, KILN_PROJECT: folder, KILN_CACHE: join(folder, 'cache') },
        encoding: 'utf8',
      });
      return { code: status, out: stdout, err: stderr };
    };
    const well = (...args: readonly string[]): string => {
      const { code, out, err } = kiln(...args);
      expect(code, out + err).toBe(0);
      return out;
    };

    beforeAll(() => {
      folder = join(root, 'project');
      mkdirSync(join(folder, '.kiln'), { recursive: true });
      symlinkSync(join(project.state, 'store'), join(folder, '.kiln', 'store'));
      symlinkSync(join(HOME, 'jobs'), join(folder, 'jobs'));
      cpSync(join(HOME, 'environment.yml'), join(folder, 'environment.yml'));
      const spec = readFileSync(join(HOME, 'factory.yaml'), 'utf8');
      const place = `registry:\n  address: s3://images/team\n  endpoint: ${bucket.endpoint ?? ''}\n  ca: .kiln/store/ca.pem\n`;
      writeFileSync(join(folder, 'factory.yaml'), `${spec}${place}`);
    });

    const resolveAtSynth = (image: GoldenImage): string => {
      const app = Testing.app({
        outdir: join(folder, 'cdktf.out'),
        context: { [PROJECT_CONTEXT]: folder },
      });
      return Testing.fullSynth(new LocalClusterStack(app, 'local', { image }));
    };

    it('the commands and the synth work as with a folder', () => {
      expect(() => resolveAtSynth(GoldenImage.channel('production'))).toThrow(
        expect.objectContaining({ code: 'no-registry' }),
      );
      well('registry', 'init');
      const digest = bake(join(folder, '.kiln', 'images'), 'a disk', { verdicts: [verdictOf('a disk')] });
      well('promote', digest, 'candidate', '--apply');
      well('promote', 'candidate', 'production', '--reason', 'proven', '--apply');
      expect(JSON.parse(well('images', '--json'))).toMatchObject({
        images: [{ digest, channels: ['candidate', 'production'], stored: true }],
      });
      expect(well('history', 'production')).toContain('proven');
      const stack = join(resolveAtSynth(GoldenImage.channel('production')), 'stacks', 'local', 'cdk.tf.json');
      expect(readFileSync(stack, 'utf8')).toContain(digest);
      expect(() => resolveAtSynth(GoldenImage.channel('candidat'))).toThrow(
        expect.objectContaining({ code: 'channel-empty', exitCode: 1 }),
      );
      expect(() => resolveAtSynth(GoldenImage.digest(digestOf('another')))).toThrow(
        expect.objectContaining({ code: 'image-not-stored' }),
      );
    });
  });
});
