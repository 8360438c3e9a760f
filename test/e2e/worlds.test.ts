import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unpackSamples } from '../../demo/input';
import { hostExec } from '../../factory/ports/machine/exec-host';
import { whole } from './bakery';
import { bakedImage } from './image';
import { ACCESS, PLACE, RGW_BUCKET, S3_NAME, Worlds } from './worlds/worlds';

/*
 * The example job, unchanged, in both worlds at once: one job reads from Ceph RGW with keys by file and writes to
 * what is S3 at AWS for all that a client sees, with an instance's role; the next one goes the other way.
 */
const HOME = resolve(__dirname, '../..');
const found = bakedImage();
// It takes four minutes: a cluster, two stores, a job.
const lacks = !whole ? 'make test-all' : typeof found === 'string' ? found : '';

describe.skipIf(lacks !== '')(
  `the same job in both worlds${lacks === '' ? '' : ` (${lacks})`}`,
  { timeout: 600_000 },
  () => {
    if (typeof found === 'string') return;
    // Made when the tests run: who skips them leaves no folder.
    let worlds: Worlds;
    let folder: string;
    let input: string;

    beforeAll(async () => {
      worlds = new Worlds();
      folder = mkdtempSync(join(tmpdir(), 'kiln-worlds-data-'));
      input = join(folder, 'input');
      const cache =
        process.env['KILN_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kiln');
      await hostExec.run(join(HOME, 'bin/kiln'), ['vault', 'fetch', '--use', 'samples'], { cwd: HOME });
      for (const { words } of unpackSamples({ project: HOME, cache }, input)) {
        const [program = '', ...args] = words;
        await hostExec.run(program, args);
      }
      // A flight of eight: the whole year is the demo's.
      const flights = join(input, 'flights.csv');
      const lines = readFileSync(flights, 'utf8').split('\n');
      writeFileSync(
        flights,
        lines
          .filter((_, at) => at % 8 === 0)
          .join('\n')
          .concat('\n'),
      );
      await worlds.start(found);
      await worlds.put(input);
    });
    afterAll(async () => {
      await worlds.end();
      rmSync(folder, { recursive: true, force: true });
    });

    /** Compares what a job wrote with the same computed without Spark. */
    const proved = async (output: string): Promise<string> => {
      const { stderr } = await hostExec.run(join(HOME, '.venv/bin/python'), [
        ...[join(HOME, 'demo/check_report.py'), input, output, '--json'],
      ]);
      return stderr;
    };

    it('a machine has a way to S3 and to no other address, and its jobs to its role', async () => {
      for (const machine of worlds.machines) {
        const { code } = await worlds.in(machine, ['ip', 'route', 'get', '192.0.2.1'], [0, 1, 2]);
        expect(code, machine).not.toBe(0);
        const { stdout } = await worlds.in(machine, ['kiln-status']);
        expect(stdout).toMatch(/^metadata +open to jobs/m);
      }
    });

    let atAws = '';

    it('reads from RGW with keys by file, writes to S3 with the role of its machines', async () => {
      await worlds.job(`s3a://${RGW_BUCKET}/input`, `s3a://${ACCESS.bucket}/output/flights`);
      atAws = await worlds.fetch(`s3a://${ACCESS.bucket}/output/flights`, 'at-aws');
      expect(await proved(atAws)).toMatch(/all \d+ checks hold/);
      const committed = readFileSync(join(atAws, 'flights/_SUCCESS'), 'utf8');
      expect(JSON.parse(committed)).toMatchObject({ committer: 'magic' });
    });

    it('each request named the bucket in the host, and was signed by the temporary key of the role', () => {
      expect(worlds.seen).toEqual([
        { host: `${ACCESS.bucket}.${S3_NAME}`, key: worlds.role.AccessKeyId, region: PLACE.region },
      ]);
      expect(Date.parse(worlds.role.Expiration)).toBeGreaterThan(Date.now());
    });

    it('every machine that had work asked for the role itself, by version 2 of the metadata service', () => {
      const { metadataLog } = worlds;
      for (const address of worlds.addresses) {
        expect(metadataLog).toContain(`${address} "PUT /latest/api/token HTTP/1.1" 200`);
        expect(metadataLog).toMatch(
          new RegExp(
            `^${address} "GET /latest/meta-data/iam/security-credentials/kiln-node HTTP/1.1" 200`,
            'm',
          ),
        );
      }
      expect(metadataLog).not.toContain('" 401');
    });

    it('reads from S3 and writes to RGW: the same sums', async () => {
      await worlds.job(`s3a://${ACCESS.bucket}/input`, `s3a://${RGW_BUCKET}/output/flights`);
      const atRgw = join(folder, 'at-rgw');
      await worlds.get(`s3://${RGW_BUCKET}/output/flights/`, atRgw);
      expect(await proved(atRgw)).toMatch(/all \d+ checks hold/);
      const report = (output: string): string => readFileSync(join(output, 'report.json'), 'utf8');
      expect(report(atRgw)).toBe(report(atAws));
    });

    it.each([
      ['read what is not for the cluster', '-cat', 'elsewhere/airlines.csv'],
      ['write elsewhere than it may', '-mkdir', 'new'],
    ])("a job cannot %s: the role's policy is the one that AwsClusterStack writes", async (_, what, key) => {
      const { code, stderr } = await worlds.in(
        'worker-1',
        ['hadoop', 'fs', what, `s3a://${ACCESS.bucket}/${key}`],
        [0, 1],
      );
      expect([code, stderr]).toEqual([1, expect.stringMatching(/403|AccessDenied/)]);
    });
  },
);
