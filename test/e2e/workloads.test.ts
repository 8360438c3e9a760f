import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defined } from '../../factory/defined';
import { whole } from './bakery';
import { bakedImage } from './image';
import { Cluster } from './spark/cluster';
import { COMPUTED } from './workloads/compute';
import { Engine } from './workloads/engine';
import { type Answers, runProgram } from './workloads/program';
import { bytesOf, spilled } from './workloads/scratch';
import { differences, type Rows } from './workloads/same';
import { fetched, objects, pendingUploads } from './workloads/store';
import { type Check, FORMATS, parquet, TYPES } from './workloads/written';

/* What batch teams run, on one cluster with its own store; every result is compared with what DuckDB has for it. */
const found = bakedImage();
const PROGRAMS = join(__dirname, 'workloads/jobs');
const QUERIES = readdirSync(join(PROGRAMS, 'queries')).map((file) => file.replace('.sql', ''));
/** Q11's text has the same. */
const SCALE = 0.1;
/** An entry of the log of a stream's files. */
const Sunk = z.object({ path: z.string(), action: z.literal('add') });
const Success = z.object({ committer: z.string() });
/** jobs/writers.py, as DuckDB orders them; NULL comes last. */
const AWKWARD = ["'", '100%', '50%25', 'Zürich', 'a/b', 'c:d', 'plain', 'q?#', 'with space', 'x=y', '東京'];

describe.skipIf(typeof found === 'string')(
  `workloads${typeof found === 'string' ? ` (${found})` : ''}`,
  { timeout: 600_000 },
  () => {
    if (typeof found === 'string') return;
    const engine = Engine.install();
    let cluster: Cluster;
    /** TPC-H's tables on this machine, as DuckDB reads them. */
    let views: Readonly<Record<string, string>>;

    beforeAll(async () => {
      cluster = await Cluster.start(found, {
        name: 'workloads',
        workers: 2,
        worker: { cores: 2, memoryMiB: 1024 },
        others: {},
      });
      const tables = join(cluster.project, 'tpch');
      mkdirSync(tables);
      engine.generate(SCALE, tables);
      views = Object.fromEntries(
        readdirSync(tables).map((file) => [file.replace('.parquet', ''), `from '${join(tables, file)}'`]),
      );
      await cluster.kiln(['store', 'put', tables, 's3://flights/tpch']);
      cpSync(PROGRAMS, join(cluster.scratch('master'), 'workloads'), { recursive: true });
    });
    afterAll(async () => {
      await cluster.end();
    });

    it('are compared by what sees a difference', () => {
      const row = [1, 'a', { decimal: '1.50' }, { float: 0.1 }];
      expect(differences([row], [[1, 'a', { decimal: '1.5' }, { float: 0.1 + 1e-12 }]])).toEqual([]);
      for (const other of [
        [2, 'a', { decimal: '1.50' }, { float: 0.1 }],
        [1, 'a', { decimal: '1.51' }, { float: 0.1 }],
        [1, 'a', { decimal: '1.50' }, { float: 0.1001 }],
        [1, null, { decimal: '1.50' }, { float: 0.1 }],
        [1, 'a', { decimal: '1.50' }],
      ])
        expect(differences([row], [other])).toHaveLength(1);
      expect(differences([row, row], [row])).toHaveLength(1);
      expect(differences([], [row])).toHaveLength(1);
    });

    describe('in one application', () => {
      let answers: Answers;
      beforeAll(async () => {
        answers = await runProgram(cluster, 'main.py', ['tpch', 'compute', 'writers', 'tables']);
      });

      describe("TPC-H's queries, as DuckDB has them", () => {
        let expected: Readonly<Record<string, Rows>>;
        beforeAll(() => {
          const text = (name: string): string =>
            readFileSync(join(PROGRAMS, 'queries', `${name}.sql`), 'utf8');
          expected = engine.all(Object.fromEntries(QUERIES.map((name) => [name, text(name)])), { views });
        });

        it('are 22, and none has an empty answer', () => {
          expect(QUERIES).toHaveLength(22);
          expect(Object.entries(expected).filter(([, { length }]) => length === 0)).toEqual([]);
        });

        // Every query orders its rows wholly, by what the standard's text leaves open, too.
        it.each(QUERIES)('%s', (query) => {
          expect(differences(answers.rows(query), expected[query] ?? [])).toEqual([]);
        });
      });

      describe('joins, windows, functions in Python and shared variables, as DuckDB has them', () => {
        let expected: Readonly<Record<string, Rows>>;
        beforeAll(() => {
          expected = engine.all(COMPUTED, { views });
        });

        it.each(Object.keys(COMPUTED))('%s', (name) => {
          expect(differences(answers.rows(name), expected[name] ?? [])).toEqual([]);
        });

        it('a function in Python gives the same when its rows come by Arrow', () => {
          expect(differences(answers.rows('arrow-optimised-udf'), expected['udf'] ?? [])).toEqual([]);
        });

        it('what is asked for is how it was done: a broadcast join, and a skewed one cut in parts', () => {
          expect(answers.found('broadcast-join-is-one')).toBe(true);
          expect(answers.found('skewed-join-is-cut')).toBe(true);
        });

        it('an accumulator counts every row once', () => {
          const negative = engine.rows('select count(*) from customer where c_acctbal < 0', { views });
          expect([[answers.found('accumulated')]]).toEqual(negative);
        });

        it('a checkpoint is read from the store in place of what made it', async () => {
          expect(answers.found('checkpoints')).toEqual({
            file: expect.stringMatching(/^s3a:\/\/flights\/checkpoints\/.+\/rdd-\d+$/) as string,
            plan: expect.stringMatching(/Scan ExistingRDD/) as string,
            sums: [99_990_000, 99_990_000, 24_997_500, 10_000],
          });
          const parts = (await objects(cluster, 'checkpoints/')).filter(({ key }) => /part-\d+$/.test(key));
          expect(parts).toHaveLength(8);
        });
      });

      describe('writers, as the objects in the store have it', () => {
        let folder: string;
        beforeAll(async () => {
          folder = await fetched(cluster, 'written');
        });
        const rows = (query: string): Rows => engine.rows(query, { views });
        const unlike = ({ found: has, expected, orc }: Check): Rows =>
          engine.unlike(has, expected, { views, orc: defined({ orc }) });

        it.each(Object.entries({ ...FORMATS, ...TYPES }))(
          '%s has every row of what was written, and no other',
          (name, check) => {
            answers.found(name);
            expect(unlike(check(join(folder, name)))).toEqual([]);
          },
        );

        it('a result without rows is one, with its columns', () => {
          for (const name of ['empty', 'empty-partitioned']) answers.found(name);
          expect(rows(`select count(*) from (${parquet(join(folder, 'empty'))})`)).toEqual([[0]]);
          const described = rows(`select column_name from (describe ${parquet(join(folder, 'empty'))})`);
          expect(described).toEqual(rows('select column_name from (describe from orders)'));
          expect(readdirSync(join(folder, 'empty-partitioned'))).toEqual(['_SUCCESS']);
        });

        it('a partition has the rows of its values', () => {
          answers.found('partitioned');
          const columns = 'o_orderkey, o_totalprice, o_orderstatus, o_orderpriority';
          const has = `select ${columns} from (${parquet(join(folder, 'partitioned'))})`;
          expect(unlike({ found: has, expected: `select ${columns} from orders` })).toEqual([]);
        });

        it('values that mean something in paths are values all the same', () => {
          answers.found('awkward');
          const has = parquet(join(folder, 'awkward'));
          expect(rows(`select name, count(*) from (${has}) group by name order by name nulls last`)).toEqual([
            ...AWKWARD.map((name) => [name, 3]),
            [null, 3],
          ]);
        });

        it('200 partitions are 200 folders, with every row', () => {
          answers.found('many');
          expect(readdirSync(join(folder, 'many')).filter((name) => name.startsWith('k='))).toHaveLength(200);
          expect(
            unlike({
              found: `select id, k from (${parquet(join(folder, 'many'))})`,
              expected: 'select range as id, range % 200 as k from range(10000)',
            }),
          ).toEqual([]);
        });

        it('two jobs that append to one path at the same time lose nothing, and neither fails', () => {
          answers.found('appended');
          const has = `select count(*), count(distinct id), sum(id) from (${parquet(join(folder, 'appended'))})`;
          expect(rows(has)).toEqual([[6000, 6000, 17_997_000]]);
        });

        it('overwriting partitions dynamically is refused, before anything is touched', () => {
          for (const how of ['dynamic-option', 'dynamic-setting'])
            expect(answers.error(how)).toContain('does not support dynamicPartitionOverwrite');
          // What is there is what overwriting one partition by its own path has left.
          answers.found('one-partition');
          const has = `select day, count(*), sum(id) from (${parquet(join(folder, 'overwritten'))})`;
          expect(rows(`${has} group by day order by day`)).toEqual([
            ['2013-01-01', 1000, 1_498_500],
            ['2013-01-02', 10, -45],
            ['2013-01-03', 1000, 1_500_500],
          ]);
        });

        it('overwriting leaves what was written last, and refuses what is there when it is not asked for', () => {
          answers.found('replaced');
          expect(rows(`select sum(id), count(*) from (${parquet(join(folder, 'replaced'))})`)).toEqual([
            [21, 7],
          ]);
          expect(answers.error('exists')).toContain('PATH_ALREADY_EXISTS');
          answers.found('ignored');
        });

        it('a path that is overwritten by what is read from it fails loudly', () => {
          expect(answers.error('while-read')).toContain('FILE_NOT_EXIST');
        });

        it('a job that fails leaves nothing, and a task that is tried again leaves its rows once', () => {
          expect(answers.error('failed')).toContain('the last row');
          expect(existsSync(join(folder, 'failed'))).toBe(false);
          answers.found('tried-again');
          const has = `select count(*), sum(id) from (${parquet(join(folder, 'tried-again'))})`;
          expect(rows(has)).toEqual([[4000, 7_998_000]]);
        });

        it("Spark's writers commit by the magic committer, and say so; those of RDDs by renames", () => {
          const committers = readdirSync(folder)
            .filter((name) => existsSync(join(folder, name, '_SUCCESS')))
            .map((name) => [name, readFileSync(join(folder, name, '_SUCCESS'), 'utf8')] as const)
            .map(([name, text]) => [name, text === '' ? '' : Success.parse(JSON.parse(text)).committer]);
          expect(committers.filter(([, committer]) => committer !== 'magic')).toEqual([['rdd', '']]);
          expect(committers.length).toBeGreaterThanOrEqual(15);
        });
      });

      describe('tables, as the objects in the store have them', () => {
        let folder: string;
        beforeAll(async () => {
          folder = await fetched(cluster, 'warehouse');
        });
        const unlike = (found: string, expected: string, orc?: string): Rows =>
          engine.unlike(found, expected, { views, orc: defined({ orc }) });

        it('lie in the store, and Spark finds every row that is in them', () => {
          expect(answers.found('warehouse')).toBe('s3a://flights/warehouse');
          expect(answers.found('counted')).toEqual([150_000, 150_000, 150_000, 4003]);
        });

        it('saveAsTable and CREATE TABLE AS have every row, and no other', () => {
          for (const name of ['saved', 'ctas']) answers.found(name);
          expect(unlike(parquet(join(folder, 'saved')), 'from orders')).toEqual([]);
          const some = 'select o_orderkey, o_orderstatus, o_totalprice from orders';
          expect(unlike('from orc', some, join(folder, 'ctas'))).toEqual([]);
        });

        it('bucketBy puts a key into one bucket of eight, and sortBy sorts every file', () => {
          answers.found('bucketed');
          const files = `read_parquet('${folder}/bucketed/*.parquet', filename = true, file_row_number = true)`;
          expect(unlike(`select * exclude (filename, file_row_number) from ${files}`, 'from orders')).toEqual(
            [],
          );
          const bucket = String.raw`regexp_extract(filename, '_(\d{5})\.c000', 1)`;
          const buckets = `select count(distinct bucket), max(places) from (
            select ${bucket} as bucket, count(distinct bucket) over (partition by o_orderkey) as places
            from (select *, ${bucket} as bucket from ${files}))`;
          expect(engine.rows(buckets)).toEqual([[8, 1]]);
          const falls = `select count(*) from (
            select o_orderkey < lag(o_orderkey) over (partition by filename order by file_row_number) as falls
            from ${files}) where falls`;
          expect(engine.rows(falls)).toEqual([[0]]);
        });

        it('inserts add to partitions, and an overwritten one has its new rows alone', () => {
          answers.found('inserted');
          expect(
            unlike(
              `select id, day::varchar as day from (${parquet(join(folder, 'inserted'))})`,
              `select range as id, '2013-01-0' || (range % 3 + 1) as day from range(6001) where range % 3 <> 1
              union all select unnest([-1, -2]), '2013-01-02'`,
            ),
          ).toEqual([]);
        });

        it('a table that is overwritten by what is read from it is refused, and is as it was', () => {
          expect(answers.error('overwritten-while-read')).toContain('UNSUPPORTED_OVERWRITE');
        });
      });
    });

    describe('more than memory holds', () => {
      let answers: Answers;
      let cached: readonly number[] = [];

      beforeAll(async () => {
        const gate = join(cluster.scratch('master'), 'workloads/go');
        const job = runProgram(cluster, 'memory.py', ['/scratch/workloads/go'], {
          // A second try may be given to the executor that is just ending itself, and then fails for that reason.
          settings: { 'spark.executor.memory': '512m', 'spark.task.maxFailures': '1' },
          onLine: (line) => {
            if (!line.startsWith('waits ')) return;
            cached = ['worker-1', 'worker-2'].map((worker) => bytesOf(cluster, worker, /^rdd_/));
            writeFileSync(gate, '');
          },
        });
        answers = await job;
      });

      it('sorts by spilling to scratch, and the order is right', async () => {
        answers.found('ordered');
        const folder = await fetched(cluster, 'memory/ordered');
        const found = `select id, row_number() over (order by filename, file_row_number) as place
          from read_parquet('${folder}/*.parquet', filename = true, file_row_number = true)`;
        const digests = [0, 1, 2].map((n) => `sha256((range * 3 + ${n})::varchar)`).join(' || ');
        const expected = `select range as id, row_number() over (order by ${digests}) as place from range(1200000)`;
        expect(engine.unlike(found, expected)).toEqual([]);
        const { memory, disk } = await spilled(cluster, 'memory');
        // Of about 250 MB of rows.
        expect(memory).toBeGreaterThan(100e6);
        expect(disk).toBeGreaterThan(100e6);
      });

      it('keeps on scratch what of a cache memory does not hold, and reads it there', () => {
        const [, onDisk] = z.tuple([z.number(), z.number()]).parse(answers.found('waits'));
        expect(onDisk).toBeGreaterThan(50e6);
        expect(cached.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThanOrEqual(onDisk);
        expect(answers.found('cached')).toEqual([1_124_999_250_000, 288_000_000, 1_124_999_250_000, 192]);
      });

      it.each([
        [
          'a Python worker',
          'python-out-of-memory',
          'usable-after-python',
          /Python worker exited unexpectedly/,
        ],
        // An executor ends itself with 52 when its heap is full (ExecutorExitCode.OOM), if it can before it says why.
        ['an executor', 'heap-out-of-memory', 'usable-after-heap', /Java heap space|exited with code 52/],
      ])(
        '%s that is out of memory fails its job with its name, and the application goes on',
        (_, name, usable, why) => {
          expect(answers.error(name)).toMatch(why);
          expect(answers.found(usable)).toBe(4_999_950_000);
        },
      );
    });

    describe('a stream whose driver is killed', () => {
      const FILES = 8;
      const PER_FILE = 500;
      let killed: { readonly code: number; readonly batches: number };

      beforeAll(async () => {
        const input = join(cluster.project, 'stream');
        mkdirSync(input);
        for (let file = 0; file < FILES; file += 1) {
          const lines = Array.from({ length: PER_FILE }, (_, row) => {
            const id = file * PER_FILE + row;
            return JSON.stringify({ id, name: `n${String(id)}` });
          });
          writeFileSync(join(input, `${String(file)}.json`), `${lines.join('\n')}\n`);
        }
        await cluster.kiln(['store', 'put', input, 's3://flights/stream/in']);
        const words = ['run', cluster.name, '--', '/scratch/workloads/stream.py'];
        const first = cluster.kiln(words, [0, 1, 137, 255]);
        const batches = async (): Promise<number> =>
          (await objects(cluster, 'stream/checkpoint/commits/')).filter(({ key }) => /\/\d+$/.test(key))
            .length;
        while ((await batches()) < 2) await sleep(200);
        await cluster.in('master', ['systemctl', 'kill', '--signal=KILL', 'spark-driver-*.service']);
        const { code } = await first;
        killed = { code, batches: await batches() };
        await cluster.kiln(words);
      });

      it('has not ended by itself, and does not say that it has', () => {
        expect(killed.code).not.toBe(0);
        expect(killed.batches).toBeLessThan(FILES);
      });

      it('resumes where it was interrupted, and has every row exactly once', async () => {
        const folder = await fetched(cluster, 'stream/out');
        // What the sink's log does not name is what a batch has left that did not end.
        const log = readdirSync(join(folder, '_spark_metadata')).flatMap((name) =>
          readFileSync(join(folder, '_spark_metadata', name), 'utf8')
            .split('\n')
            .slice(1),
        );
        const files = new Set(
          log.map((line) => Sunk.parse(JSON.parse(line)).path.split('/stream/out/')[1] ?? ''),
        );
        const list = [...files].map((file) => `'${join(folder, file)}'`).join(', ');
        const all = FILES * PER_FILE;
        expect(
          engine.unlike(
            `select id, name, k::bigint as k from read_parquet([${list}], hive_partitioning = true)`,
            `select range as id, 'N' || range as name, range % 3 as k from range(${String(all)})`,
          ),
        ).toEqual([]);
      });
    });

    describe.runIf(whole)('the long half, in make test-all', () => {
      it('two applications that append to one path at the same time lose nothing', async () => {
        const settings = {
          'spark.cores.max': '2',
          'spark.executor.cores': '1',
          'spark.executor.memory': '450m',
        };
        await Promise.all(
          ['0', '5000'].map((start) => runProgram(cluster, 'append.py', [start], { settings })),
        );
        const has = parquet(await fetched(cluster, 'appended-by-two'));
        expect(engine.unlike(has, 'select range as id from range(10000)')).toEqual([]);
      });
    });

    it('of uploads only those of jobs that failed are left pending, until they are aborted by their age', async () => {
      const pending = await pendingUploads(cluster);
      expect(pending.filter((key) => !/^written\/(failed|while-read)\//.test(key))).toEqual([]);
      const abort = ['hadoop', 's3guard', 'uploads', '-abort', '-force', '-seconds', '1', 's3a://flights/'];
      await cluster.in('master', abort);
      expect(await pendingUploads(cluster)).toEqual([]);
    });

    it('no file of a committer is left', async () => {
      const keys = (await objects(cluster, '')).map(({ key }) => key);
      expect(keys.filter((key) => /__magic|_temporary|\.pending/.test(key))).toEqual([]);
    });

    it('the cluster is free again: no application runs, every core is offered, scratch holds no data', async () => {
      await expect
        .poll(async () => (await cluster.master()).activeapps, { timeout: 60_000, interval: 500 })
        .toEqual([]);
      const { workers } = await cluster.master();
      expect(workers.map(({ state, cores, coresused }) => [state, cores, coresused])).toEqual([
        ['ALIVE', 2, 0],
        ['ALIVE', 2, 0],
      ]);
      for (const machine of ['master', 'worker-1', 'worker-2'])
        await expect
          .poll(() => [machine, bytesOf(cluster, machine, /./)], { timeout: 60_000 })
          .toEqual([machine, 0]);
    });
  },
);
