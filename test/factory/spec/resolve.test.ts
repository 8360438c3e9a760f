import { existsSync } from 'node:fs';
import { join, resolve as path } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Spec } from '../../../factory/contracts/spec';
import { JDKS, type SparkLine, SPARK_LINES } from '../../../factory/spec/compatibility';
import { pickCommitter, pythonBounds, resolve, runsOnPython } from '../../../factory/spec/resolve';

const home = path(__dirname, '..', '..', '..');

const spec = (change: object): Spec =>
  Spec.parse({
    image: 'node',
    spark: '4.1.4',
    conda: { environment: 'environment.yml' },
    code: 'jobs',
    channels: {},
    ...change,
  });

const chosen = (change: object): Record<string, string> => {
  const outcome = resolve(spec(change));
  if (Array.isArray(outcome)) throw new Error(JSON.stringify(outcome));
  return Object.fromEntries(Object.entries(outcome.choices).map(([k, c]) => [k, c.value]));
};

describe('what goes with a Spark', () => {
  it.each([
    ['4.1.4', 'trixie', '21', '3.4.2', 'spark-hadoop-cloud_2.13:4.1.2'],
    ['4.0.1', 'trixie', '21', '3.4.1', 'spark-hadoop-cloud_2.13:4.0.1'],
    ['4.3.0', 'trixie', '21', '3.5.0', 'spark-hadoop-cloud_2.13:4.1.2'],
    ['4.2.1', 'trixie', '21', '3.5.0', 'spark-hadoop-cloud_2.13:4.1.2'],
    ['3.5.9', 'trixie', '17', '3.4.2', 'spark-hadoop-cloud_2.12:3.5.8'],
    ['3.4.2', 'trixie', '17', '3.4.2', 'spark-hadoop-cloud_2.12:3.4.3'],
    ['3.3.4', 'trixie', '17', '3.4.2', 'spark-hadoop-cloud_2.12:3.4.3'],
    ['3.1.3', 'trixie', '8', '3.4.2', 'spark-hadoop-cloud_2.12:3.2.1'],
    ['2.4.8', 'trixie', '8', '3.4.2', 'none'],
    ['2.2.3', 'trixie', '8', '3.4.2', 'none'],
  ])('%s: Debian %s, Java %s, Hadoop %s, committer %s', (spark, debian, java, hadoop, committer) => {
    expect(chosen({ spark })).toMatchObject({ spark, debian, java, hadoop, committer });
  });

  it('takes what the specification says over the default', () => {
    expect(chosen({ debian: 'trixie', java: 17 })).toMatchObject({ debian: 'trixie', java: '17' });
  });
});

describe('the jars of an image', () => {
  it.each([
    ['4.1.4', undefined, 'slim'],
    ['4.1.4', 'full', 'full'],
    ['4.0.1', undefined, 'full'],
    ['3.5.9', 'full', 'full'],
  ])('%s, asked for %s: %s', (spark, jars, expected) => {
    expect(chosen({ spark, jars })).toMatchObject({ jars: expected });
  });

  it('are slim by default only where a list of what goes and its proof are there', () => {
    for (const { line, slim } of SPARK_LINES) {
      const listed = existsSync(join(home, 'images', 'layers', 'spark', `slim-${line}.list`));
      expect([line, listed]).toEqual([line, slim !== undefined]);
      for (const proof of slim?.split(', ') ?? []) expect(existsSync(join(home, proof)), proof).toBe(true);
    }
  });
});

describe('the class data archive', () => {
  it.each([
    ['4.1.4', undefined, 'shared'],
    ['4.1.4', 'none', 'none'],
    ['3.5.9', undefined, 'none'],
  ])('%s, asked for %s: %s', (spark, classData, expected) => {
    expect(chosen({ spark, classData })).toMatchObject({ classData: expected });
  });

  it('is made by default only where a list of classes and its proof are there', () => {
    for (const { line, classData } of SPARK_LINES) {
      const listed = existsSync(join(home, 'images', 'layers', 'jars', `classes-${line}.list`));
      expect([line, listed]).toEqual([line, classData !== undefined]);
      for (const proof of classData?.split(', ') ?? [])
        expect(existsSync(join(home, proof)), proof).toBe(true);
    }
  });
});

describe('what is refused, and the way out', () => {
  it.each([
    [
      { spark: '3.5.8', jars: 'slim' },
      ['jars'],
      'which jars Spark 3.5 can do without was never proven',
      'jars: full; slim is known for 4.1',
    ],
    [
      { spark: '3.5.8', classData: 'shared' },
      ['classData'],
      'there is no list of the classes that Spark 3.5 loads',
      'classData: none; there is one for 4.1',
    ],
    [{ spark: '3.5.8', java: 21 }, ['java'], 'Spark 3.5 does not run on Java 21', 'allowed: 8, 11 or 17'],
    [
      { spark: '4.1.2' },
      ['spark'],
      'Spark 4.1.2 does not work: workers hang at registration when AES-GCM encryption is on (SPARK-56227)',
      'take a later patch release',
    ],
    [
      { spark: '2.1.0' },
      ['spark'],
      'Spark 2.1.0 is not in the compatibility table',
      'did you mean 2.2.3? the compatibility table has 2.2, 2.3, 2.4, 3.0, 3.1, 3.2, 3.3, 3.4, 3.5, 4.0, 4.1, 4.2 or 4.3',
    ],
    [
      { debian: 'jessie' },
      ['debian'],
      'the recipes cannot bake jessie',
      'leave debian out, or name trixie: every Spark runs on it',
    ],
  ])('%j', (change, path, what, hint) => {
    expect(resolve(spec(change))).toEqual([{ path, what, hint }]);
  });

  it('names every choice that cannot be made, not only the first', () => {
    const outcome = resolve(spec({ spark: '3.5.8', java: 21, debian: 'jessie' }), {
      minor: 13,
      text: 'python=3.13',
      where: 'environment.yml:3:5',
    });
    expect(outcome).toMatchObject([{ path: ['debian'] }, { path: ['java'] }, { path: ['spark'] }]);
  });
});

describe('the committer jar', () => {
  it.each([
    ['4.1.4', ['4.1.1', '4.1.2'], '4.1.2'],
    ['3.5.6', ['3.5.1', '3.5.5', '3.5.7'], '3.5.5'],
    ['3.5.5', ['3.5.1', '3.5.5'], '3.5.5'],
    ['3.5.5', [], undefined],
  ])('of Spark %s out of %j is %s', (release, releases, expected) => {
    expect(pickCommitter(release, releases)).toBe(expected);
  });
});

describe('the table', () => {
  it.each(SPARK_LINES.map((line) => [line.line, line] as const))(
    '%s: its JDKs have a suite, its committer is of the line that it names, and evidence is of its own releases',
    (_, { line, java, committer, run, python, s3a }) => {
      for (const one of java) expect(JDKS.map((jdk) => jdk.java)).toContain(one);
      const of = committer.of ?? line;
      expect(committer.releases.every((release) => release.startsWith(`${of}.`))).toBe(true);
      expect(run.length).toBeGreaterThan(0);
      for (const one of run) {
        expect(one.release.startsWith(`${line}.`)).toBe(true);
        expect(java).toContain(one.java);
        expect(runsOnPython({ ...lineOf(line), python }, one.python)).toBe(true);
      }
      // The one S3A that was run on Java 8.
      if (java.includes(8)) expect(s3a.hadoop).toBe('3.4.2');
    },
  );

  it('has the newest line last, and every line once', () => {
    const order = SPARK_LINES.map(({ line }) => line.split('.').map(Number));
    expect(order).toEqual(order.toSorted(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d));
    expect(new Set(SPARK_LINES.map(({ line }) => line)).size).toBe(SPARK_LINES.length);
  });
});

describe('Python', () => {
  it.each([
    ['2.2', '2.7.18', true],
    ['2.2', '2.6.9', false],
    ['2.4', '3.7.16', true],
    ['2.4', '3.8.18', false],
    ['3.1', '2.7.18', false],
    ['3.5', '3.11.2', true],
    ['3.5', '3.13.5', false],
    ['4.1', '3.9.2', false],
    ['4.1', '3.14.0', true],
  ])('Spark %s on Python %s: %s', (line, version, runs) => {
    expect(runsOnPython(lineOf(line), version)).toBe(runs);
  });

  it('is bounded for the solver as it is judged', () => {
    expect(pythonBounds(lineOf('2.4'))).toEqual({
      spec: 'python >=2.7,<3.8.0a0',
      words: 'Spark 2.4 runs on Python 2.7 or 3.4 to 3.7',
    });
    expect(pythonBounds(lineOf('4.1')).spec).toBe('python >=3.10,<4.0a0');
  });
});

describe('what a reader of the lock is told', () => {
  const reasons = (change: object): Record<string, string> => {
    const outcome = resolve(spec(change));
    if (Array.isArray(outcome)) throw new Error(JSON.stringify(outcome));
    return Object.fromEntries(Object.entries(outcome.choices).map(([k, c]) => [k, c.reason]));
  };

  it('a line that has ended, with what stays open in it', () => {
    const { spark } = reasons({ spark: '2.2.3' });
    expect(spark).toContain('end of support: 2019-01-31');
    expect(spark).toContain('CVE-2020-9480 (whoever reaches the master runs code');
    expect(reasons({ spark: '4.1.4' })['spark']).toBe('factory.yaml: spark');
  });

  it('a release or a Java that nobody has run, with what was', () => {
    expect(reasons({ spark: '3.5.8' })['spark']).toContain(
      'not run on a cluster yet; run: 3.5.9 with Java 17 and Python 3.11',
    );
    expect(reasons({ spark: '3.5.9', java: 8 })['java']).toContain('not run with this Spark yet');
    expect(reasons({ spark: '3.5.9' })['java']).toContain('openjdk-17 of sid: of Debian unstable');
  });

  it('commits by renames, and the Hadoop that is replaced', () => {
    expect(reasons({ spark: '2.4.8' })['committer']).toContain('a failed task can leave what it wrote');
    expect(reasons({ spark: '2.4.8' })['s3a']).toContain('in place of the one that Spark was released with');
    expect(reasons({ spark: '3.3.4' })['committer']).toContain('the one of 3.4 was run with it');
  });
});

/** Of the table. */
function lineOf(name: string): SparkLine {
  const found = SPARK_LINES.find(({ line }) => line === name);
  if (found === undefined) throw new Error(`no line ${name}`);
  return found;
}
