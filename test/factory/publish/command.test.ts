import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, utimesSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeAwsServer, serveFakeAws } from '../../../factory/publish/aws/api/aws-server-fake';
import { hostPause } from '../../../factory/ports/machine/pause';
import { KEY, REGION, World, diskOf } from './aws/support';

/* The command as a person gives it: plan and deed, what is printed, how it ends. */

const ROOT = resolve(__dirname, '../../..');
const world = new World({ clock: hostPause });
let server: FakeAwsServer;
let digest = '';

beforeAll(async () => {
  mkdirSync(join(world.root, 'jobs'));
  for (const file of ['factory.yaml', 'environment.yml', 'jobs/pyproject.toml'])
    copyFileSync(join(ROOT, file), join(world.root, file));
  server = await serveFakeAws(world.aws, { expired: ['AKIDEXPIRED'] });
  digest = await world.store(diskOf('ab..c'));
  await world.promote(digest);
});
afterAll(async () => {
  await server.close();
});

async function kiln(args: readonly string[], key = 'AKIDTEST') {
  const child = spawn(join(ROOT, 'bin/kiln'), args, {
    env: {
      PATH: process.env['PATH'],
      HOME: world.root,
      KILN_PROJECT: world.root,
      AWS_ENDPOINT_URL: server.url,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...(key === '' ? {} : { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: 'secret' }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, out, err };
}

const to = `aws:${REGION}`;

it('the plan is printed and nothing is done; with --apply it is, and told as it goes', async () => {
  const plan = await kiln(['publish', 'production', '--to', to]);
  expect([plan.code, plan.err]).toEqual([0, expect.stringContaining('read sha256:')]);
  expect(plan.out).toContain(`publish ${digest.slice(0, 19)} as spark-node-${digest.slice(7, 43)}`);
  expect(plan.out).toContain('sends 3 blocks of 512 KiB (1.5 MiB; the disk has 3)');
  expect(plan.out).toContain('the whole disk: no earlier image is published there');
  expect(plan.out).toContain('nothing was changed; with --apply it is done');
  expect(world.aws.snapshots.size).toBe(0);

  const done = await kiln([
    'publish',
    'production',
    '--to',
    `${to},us-east-1`,
    '--share',
    '444455556666',
    '--apply',
  ]);
  expect([done.code, done.out]).toEqual([
    0,
    expect.stringMatching(/^eu-central-1 {2}ami-\w+ {2}snap-\w+\nus-east-1 {2}ami-\w+ {2}snap-\w+\n$/),
  ]);
  expect(done.err).toMatch(/eu-central-1: upload 3\/3, 1\.5 MiB of 1\.5 MiB/);
  expect(world.aws.images.size).toBe(2);
  expect((await kiln(['publish', 'production', '--to', to])).out).toContain('nothing to do');
}, 120_000);

it('with --json the answer is a document, and every step a line of standard error', async () => {
  const { code, out, err } = await kiln(['publish', digest, '--to', to, '--verify', '--json', '--apply']);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ applied: true, images: [{ region: REGION }] });
  const steps = err
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; step: string });
  expect(steps.at(-1)).toMatchObject({ event: 'done', step: 'read back', detail: '3 of 3 blocks' });
}, 60_000);

describe('what cannot be done ends with the reason and the exit code', () => {
  it.each([
    ['another target', ['--to', 'gcp:x'], 'AKIDTEST', 2, '--to gcp:x: must be aws:REGION'],
    [
      'a key that is of another region',
      ['--to', 'aws:us-east-1', '--kms-key', KEY],
      'AKIDTEST',
      2,
      'is a key of eu-central-1',
    ],
    ['expired credentials', ['--to', to], 'AKIDEXPIRED', 3, 'aws sso login'],
    ['no credentials', ['--to', to], '', 3, 'there are no credentials for AWS'],
    [
      'an image that a channel points at',
      ['--to', to, '--withdraw', '--apply'],
      'AKIDTEST',
      1,
      'refusing to withdraw',
    ],
  ])(
    '%s',
    async (_, words, key, code, text) => {
      const ran = await kiln(['publish', 'production', ...words], key);
      expect([ran.code, ran.err]).toEqual([code, expect.stringContaining(text)]);
    },
    60_000,
  );
});

it('an image in no channel is withdrawn', async () => {
  const next = await world.store(diskOf('xyz'));
  await world.promote(next);
  const plan = await kiln(['publish', digest, '--to', to, '--withdraw']);
  expect(plan.out).toMatch(
    /^eu-central-1: deregisters ami-\w+ and deletes snap-\w+, which 444455556666 can launch/,
  );
  const done = await kiln(['publish', digest, '--to', to, '--withdraw', '--apply']);
  expect([done.code, done.out]).toEqual([
    0,
    expect.stringMatching(/^eu-central-1: deregistered ami-\w+ and deleted snap-\w+\n$/),
  ]);
  expect([...world.aws.images.values()].map(({ region }) => region)).toEqual(['us-east-1']);
}, 60_000);

it("gc deregisters the AMIs of what it removes; without credentials those are the next one's", async () => {
  await world.promote(await world.store(diskOf('newer')));
  const images = join(world.home.where, 'images');
  const before = new Date(Date.now() - 3 * 86_400_000);
  for (const file of readdirSync(images, { recursive: true, encoding: 'utf8' }))
    utimesSync(join(images, file), before, before);
  const reach = ['gc', '--history', '1', '--younger-than', '1'];
  const plan = await kiln(reach, '');
  expect(plan.code).toBe(0);
  expect(plan.out).toMatch(
    new RegExp(
      `^ {2}${digest.slice(0, 19)} in us-east-1: deregisters ami-\\w+ and deletes snap-\\w+, which 4444`,
      'm',
    ),
  );
  expect(plan.out).toContain('nothing was removed; --apply removes it');
  expect(world.aws.images.size).toBe(1);
  expect((await kiln([...reach, '--no-withdraw'], '')).out).not.toContain('deregisters');

  const refused = await kiln([...reach, '--apply'], '');
  expect([refused.code, refused.err]).toEqual([
    3,
    expect.stringContaining('there are no credentials for AWS') as string,
  ]);
  expect(world.aws.images.size).toBe(1);
  const again = await kiln([...reach, '--apply', '--json']);
  expect(JSON.parse(again.out)).toMatchObject({
    applied: true,
    remove: [],
    amis: [{ digest, region: 'us-east-1', accounts: ['444455556666'] }],
  });
  expect([world.aws.images.size, world.aws.snapshots.size]).toEqual([0, 0]);
  expect((await kiln(reach, '')).out).toBe('nothing to remove\n');
}, 60_000);
