import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BlocksInFile } from '../../factory/publish/aws/api/aws-blocks-fake';
import { FakeAws, type FakeSnapshot } from '../../factory/publish/aws/api/aws-fake';
import { type FakeAwsServer, serveFakeAws } from '../../factory/publish/aws/api/aws-server-fake';
import { EBS_BLOCK } from '../../factory/publish/aws/api/ebs';
import { hostPause } from '../../factory/ports/machine/pause';
import { journalPath, readJournal } from '../../factory/publish/aws/journal';
import { sha256File } from '../../factory/registry/hash';
import { bakedImage } from './image';

/*
 * The image as it is baked, by the kiln command and AWS's own SDK, to the strict fake as a server on loopback: whole,
 * killed on the way, and then what differs.
 */
const home = resolve(__dirname, '..', '..');
const baked = bakedImage();
const REGION = 'eu-central-1';
/** Blocks after which the first run is killed, and how many may be under way then. */
const KILL_AT = 600;
const PARALLEL = 64;

const Plan = z.object({
  applied: z.boolean(),
  plan: z.object({
    regions: z.array(
      z.object({
        way: z.object({
          kind: z.string(),
          upload: z.object({ blocks: z.number(), used: z.number(), sentBefore: z.number() }).optional(),
        }),
        leftovers: z.array(z.object({ snapshot: z.string(), action: z.string() })),
      }),
    ),
  }),
  images: z.array(z.object({ region: z.string(), ami: z.string(), snapshot: z.string() })).optional(),
});

describe.skipIf(typeof baked === 'string')('a whole image, published (needs root)', () => {
  const { folder: image, record } =
    typeof baked === 'string' ? { folder: '', record: { digest: '', size: 0 } } : baked;
  const work = mkdtempSync(join(tmpdir(), 'kiln-publish-e2e-'));
  const project = join(work, 'project');
  const state = join(project, '.kiln');
  let blocks: BlocksInFile;
  let aws: FakeAws;
  let server: FakeAwsServer;

  beforeAll(async () => {
    mkdirSync(join(project, 'jobs'), { recursive: true });
    for (const file of ['factory.yaml', 'environment.yml', 'jobs/pyproject.toml'])
      copyFileSync(join(home, file), join(project, file));
    place(image, record.digest);
    blocks = new BlocksInFile(join(work, 'blocks'));
    aws = new FakeAws({ blocks, clock: hostPause, settlesAfter: 500, visibleAfter: 200 });
    server = await serveFakeAws(aws);
    expect(spawnSync(join(home, 'bin/kiln'), ['registry', 'init'], { env: environment() }).status).toBe(0);
  });
  afterAll(async () => {
    await server.close();
    blocks.close();
    rmSync(work, { recursive: true, force: true });
  });

  /** A bake's folder in the project; the disk is the same file where that can be. */
  function place(from: string, digest: string): string {
    const to = join(state, 'images', digest.slice('sha256:'.length));
    mkdirSync(to, { recursive: true });
    for (const file of ['record.json', 'factory.lock.json', 'files.mtree'])
      cpSync(join(from, file), join(to, file));
    try {
      linkSync(join(from, 'image.raw'), join(to, 'image.raw'));
    } catch {
      copyFileSync(join(from, 'image.raw'), join(to, 'image.raw'));
    }
    return to;
  }

  const environment = (): NodeJS.ProcessEnv => ({
    PATH: process.env['PATH'],
    HOME: work,
    KILN_PROJECT: project,
    AWS_ENDPOINT_URL: server.url,
    AWS_ACCESS_KEY_ID: 'AKIDTEST',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_EC2_METADATA_DISABLED: 'true',
  });

  const words = (digest: string, ...more: string[]): string[] => [
    'publish',
    digest,
    '--to',
    `aws:${REGION}`,
    '--json',
    ...more,
  ];

  /** Asynchronous, since the server is in this process. */
  async function kiln(args: readonly string[], onStart?: (kill: () => void) => void) {
    const child = spawn(join(home, 'bin/kiln'), args, {
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onStart?.(() => child.kill('SIGKILL'));
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const code = await new Promise<number | null>((done) => child.on('close', done));
    return { code, out, err };
  }

  async function planned(...args: string[]) {
    const ran = await kiln(args);
    if (ran.code !== 0)
      throw new Error(`kiln ${args.join(' ')} failed (${String(ran.code)})\n${ran.err}\n${ran.out}`);
    return Plan.parse(JSON.parse(ran.out));
  }

  const only = (): FakeSnapshot => {
    const [snapshot, ...others] = aws.snapshots.values();
    if (snapshot === undefined || others.length > 0) throw new Error(`${aws.snapshots.size} snapshots`);
    return snapshot;
  };

  /** Digest of so many bytes of a volume made of the snapshot, and that nothing but zeros comes after them. */
  function volumeDigest(snapshot: FakeSnapshot, size: number): string {
    const hash = createHash('sha256');
    const count = (snapshot.volumeSize * 1024 ** 3) / EBS_BLOCK;
    const zeros = Buffer.alloc(EBS_BLOCK);
    for (let index = 0; index < count; index += 1) {
      const block = aws.volumeBlock(snapshot.id, index);
      const inDisk = Math.max(0, Math.min(EBS_BLOCK, size - index * EBS_BLOCK));
      hash.update(block.subarray(0, inDisk));
      if (!block.subarray(inDisk).equals(zeros.subarray(inDisk)))
        return `block ${index} is not zero behind the disk`;
    }
    return `sha256:${hash.digest('hex')}`;
  }

  it('is planned without a change, killed in the middle, gone on with, and is the disk', async () => {
    const plan = await planned(...words(record.digest));
    expect(plan).toMatchObject({ applied: false });
    expect(aws.snapshots.size).toBe(0);
    const upload = plan.plan.regions[0]?.way.upload;
    expect(upload?.blocks).toBe(upload?.used);
    expect(upload?.used).toBeGreaterThan(2000);

    const killed = await kiln(words(record.digest, '--apply', '--parallel', String(PARALLEL)), (kill) => {
      const watch = setInterval(() => {
        const [snapshot] = aws.snapshots.values();
        if ((snapshot?.puts.size ?? 0) < KILL_AT) return;
        clearInterval(watch);
        kill();
      }, 5);
    });
    expect(killed.code).toBeNull();
    const journal = readJournal(journalPath(state, REGION, record.digest));
    expect(journal?.sent.size).toBeGreaterThan(KILL_AT - 2 * PARALLEL);
    expect(only().state).toBe('pending');

    const going = await planned(...words(record.digest, '--apply'));
    expect(going.plan.regions[0]?.leftovers).toEqual([
      expect.objectContaining({ snapshot: only().id, action: 'resume' }),
    ]);
    expect(going.plan.regions[0]?.way.upload?.sentBefore).toBe(journal?.sent.size);
    const { puts, repeated } = only();
    expect(puts.size).toBe(upload?.used);
    expect([...(journal?.sent ?? [])].filter((index) => puts.get(index) !== 1)).toEqual([]);
    // Those under way at the kill, whose answers nobody noted.
    expect([...puts.values()].filter((count) => count > 1).length).toBeLessThanOrEqual(PARALLEL);
    expect(repeated).toBeLessThanOrEqual(PARALLEL);
    expect(volumeDigest(only(), record.size)).toBe(record.digest);
    expect([...aws.images.values()]).toMatchObject([
      { bootMode: 'uefi', imdsSupport: 'v2.0', snapshot: only().id },
    ]);
    expect(await planned(...words(record.digest))).toMatchObject({
      plan: { regions: [{ way: { kind: 'there' } }] },
    });
  });

  it('is followed by an image of which only the blocks that differ are sent, with copies elsewhere', async () => {
    const next = join(work, 'next');
    cpSync(image, next, { recursive: true });
    const disk = openSync(join(next, 'image.raw'), 'r+');
    // One block within, one that becomes zero, the last bytes.
    const inhabited = [...only().puts.keys()].sort((a, b) => a - b);
    const [changed = 0, emptied = 0] = [inhabited[100], inhabited[200]];
    writeSync(disk, Buffer.from('changed'), 0, 7, changed * EBS_BLOCK + 1000);
    writeSync(disk, Buffer.alloc(EBS_BLOCK), 0, EBS_BLOCK, emptied * EBS_BLOCK);
    writeSync(disk, Buffer.from('end'), 0, 3, record.size - 3);
    closeSync(disk);
    const digest = await sha256File(join(next, 'image.raw'));
    const text = readFileSync(join(next, 'record.json'), 'utf8').replaceAll(record.digest, digest);
    writeFileSync(join(next, 'record.json'), text);
    place(next, digest);

    const done = await planned('publish', digest, '--to', `aws:${REGION},us-east-1`, '--json', '--apply');
    expect(done.plan.regions[0]?.way.upload?.blocks).toBe(3);
    const [at, copy] = (done.images ?? []).map(({ snapshot }) => aws.snapshots.get(snapshot));
    if (at === undefined || copy === undefined) throw new Error('no image in both regions');
    expect([...at.puts.keys()].sort((a, b) => a - b)).toEqual(
      [changed, emptied, Math.floor((record.size - 1) / EBS_BLOCK)].sort((a, b) => a - b),
    );
    expect(volumeDigest(at, record.size)).toBe(digest);
    expect(copy.region).toBe('us-east-1');
  });
});
