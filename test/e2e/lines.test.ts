import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SPARK_LINES } from '../../factory/spec/compatibility';
import { bakedImage } from './image';
import { LineProject } from './lines/project';
import { Cluster } from './spark/cluster';

/*
 * Spark lines other than the example's: locked, baked, three machines, the canary with its table, and a job that writes
 * and reads every format. KILN_LINES names releases for a run of these alone: tools/lines.
 */
const named = process.env['KILN_LINES']?.split(',');
const all = process.env['KILN_TEST_ALL'] === '1';

/** With the Python and the Java of the table's evidence; the example's own line is what the other tests run. */
const RUNS = SPARK_LINES.flatMap(({ line, run }) =>
  line === '4.1' ? [] : run.slice(0, 1).map(({ release, python, java }) => ({ release, python, java })),
)
  // The code package of kiln's tests is built by a backend that Python 2.7 has not.
  .filter(({ python }) => python !== '2.7');

const Answer = z.union([z.strictObject({ found: z.json() }), z.strictObject({ error: z.string() })]);

const SUM = 19_999_900_000;
const magicFrom = (release: string): string => (release.startsWith('2.') ? '' : 'magic');

describe.skipIf(typeof bakedImage() === 'string')('Spark lines (needs root)', { timeout: 1_800_000 }, () => {
  if (named !== undefined)
    it('that are named in KILN_LINES are known', () => {
      const known = RUNS.map(({ release }) => release);
      expect(
        named.filter((release) => !known.includes(release)),
        `known: ${known.join(' ')}`,
      ).toEqual([]);
    });

  describe.each(RUNS)('$release on Java $java with Python $python', ({ release, python, java }) => {
    const runs = named?.includes(release) ?? all;
    describe.runIf(runs)('in make test-all, or by tools/lines (make test-all)', () => {
      let project: LineProject;
      let cluster: Cluster | undefined;
      let answers: ReadonlyMap<string, z.infer<typeof Answer>>;

      beforeAll(async () => {
        project = new LineProject(release, python, java);
        const image = await project.image();
        cluster = await Cluster.start(image, {
          name: 'line',
          workers: 2,
          worker: { cores: 1, memoryMiB: 1200 },
          others: {},
        });
        const { stdout } = await cluster.kiln([
          'run',
          'line',
          '--',
          '-m',
          'checks.job',
          's3a://flights/checks',
        ]);
        answers = new Map(
          stdout
            .split('\n')
            .filter((text) => /^[a-z]+ \{/.test(text))
            .map((text) => [
              text.slice(0, text.indexOf(' ')),
              Answer.parse(JSON.parse(text.slice(text.indexOf(' ')))),
            ]),
        );
      });
      afterAll(async () => {
        await cluster?.end();
        project.remove();
      });

      it('runs as it was locked', () => {
        expect(answers.get('versions')).toMatchObject({
          found: {
            spark: release,
            python: expect.stringMatching(new RegExp(`^${python.replace('.', '\\.')}\\.`)) as string,
            java: expect.stringMatching(java === 8 ? /^1\.8\./ : new RegExp(`^${String(java)}\\.`)) as string,
          },
        });
      });

      it('has run a canary on every worker, and its table kept its rows', async () => {
        expect((await cluster?.status('master'))?.canary).toMatchObject({
          table: 'a table of 200 rows kept them',
        });
      });

      const once = [200_000, SUM, magicFrom(release)];
      it.each([
        ['parquet', once],
        ['append', [400_000, 2 * SUM, magicFrom(release)]],
        ['partitions', once],
        ['csv', once],
        ['json', once],
        ['orc', once],
        ['rename', [true, 200_000, SUM]],
        ['text', [1000, '']],
        ['udf', 1_888_890],
        ['shuffle', [0, 1, 2, 3, 4, 5, 6].map((k) => [k, k < 3 ? 28_572 : 28_571])],
      ])('%s: every row is there', (name, expected) => {
        expect(answers.get(name)).toEqual({ found: expected });
      });
    });
  });
});
