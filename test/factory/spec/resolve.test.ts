import { existsSync } from 'node:fs';
import { join, resolve as path } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Spec } from '../../../factory/contracts/spec';
import { SPARK_LINES, SUITES } from '../../../factory/spec/compatibility';
import { pickCommitter, resolve } from '../../../factory/spec/resolve';

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
    ['3.5.9', 'bookworm', '17', '3.3.4', 'spark-hadoop-cloud_2.12:3.5.8'],
    ['3.4.2', 'bookworm', '17', '3.3.4', 'spark-hadoop-cloud_2.12:3.4.3'],
    ['3.3.4', 'bookworm', '17', '3.3.2', 'none'],
    ['3.1.3', 'bullseye', '11', '3.2.0', 'none'],
  ])('%s: Debian %s, Java %s, Hadoop %s, committer %s', (spark, debian, java, hadoop, committer) => {
    expect(chosen({ spark })).toMatchObject({ spark, debian, java, hadoop, committer });
  });

  it('takes what the specification says over the default', () => {
    expect(chosen({ debian: 'bookworm', java: 17 })).toMatchObject({ debian: 'bookworm', java: '17' });
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
      { java: 17 },
      ['java'],
      'Debian trixie has no Java 17 (it has 21 or 25)',
      'java: 21 is in trixie; debian: bullseye or bookworm has Java 17',
    ],
    [
      { spark: '2.4.8' },
      ['spark'],
      'Debian trixie has no Java 8 (it has 21 or 25)',
      'no suite that kiln knows has it',
    ],
    [
      { spark: '4.2.0' },
      ['spark'],
      "there is no spark-hadoop-cloud for Spark 4.2: without it S3A's committers are silently left out",
      'take the newest line that has one: 4.1',
    ],
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
      'it knows 2.2, 2.3, 2.4, 3.0, 3.1, 3.2, 3.3, 3.4, 3.5, 4.0, 4.1 or 4.2',
    ],
    [
      { debian: 'jessie' },
      ['debian'],
      'jessie is not a suite kiln knows',
      'known: bullseye, bookworm or trixie',
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
    expect(outcome).toMatchObject([{ path: ['java'] }, { path: ['debian'] }, { path: ['spark'] }]);
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
    '%s: its default base is a known suite, its default Java one that Spark allows',
    (_, line) => {
      expect(SUITES.map((s) => s.name)).toContain(line.base.debian);
      expect(line.java).toContain(line.base.java);
      expect(line.committer.releases.every((r) => r.startsWith(`${line.line}.`))).toBe(true);
      expect(line.source.length).toBeGreaterThan(0);
    },
  );
});
