import { describe, expect, it } from 'vitest';
import type { JarSpec } from '../../../../factory/contracts/spec';
import { refusal } from '../../spec/support';
import { lockJars, metadataOf, one, type Published } from './bench';
import { pomFile, zipOf } from './jar-maker';

const jars = (specs: (string | JarSpec)[]): JarSpec[] =>
  specs.map((spec) => (typeof spec === 'string' ? { jar: spec } : spec));

const plain = (name = 'org/example/Udf'): Buffer => zipOf(one(name));

describe('jars of factory.yaml', () => {
  it('bring what they need at run time, less what Spark has', async () => {
    const { inputs, said } = await lockJars(jars(['org.example:delta:4.0']), {
      'org.example:delta:4.0': {
        jar: plain(),
        needs: ['org.example:storage:4.0', 'com.fasterxml.jackson.core:jackson-core:2.13.5'],
      },
      'org.example:storage:4.0': { jar: plain('org/example/Storage') },
      'com.fasterxml.jackson.core:jackson-core:2.13.5': { needs: ['org.example:only-jacksons:1'] },
      'org.example:only-jacksons:1': {},
    });
    expect(inputs.map(({ name, version, path }) => [name, version, path])).toEqual([
      ['org.example:delta', '4.0', 'org/example/delta/4.0/delta-4.0.jar'],
      ['org.example:storage', '4.0', 'org/example/storage/4.0/storage-4.0.jar'],
    ]);
    expect(said).toContain("maven: the image's own instead of jackson-core 2.13.5 (2.21.2)");
  });

  it('are taken by their classifier, beside the main jar', async () => {
    const { inputs } = await lockJars(jars(['org.example:udf:1', 'org.example:udf:1:shaded']), {
      'org.example:udf:1': { jar: plain() },
      'org.example:udf:1:shaded': { jar: plain('org/example/Shaded') },
    });
    expect(inputs.map(({ classifier, path }) => [classifier, path])).toEqual([
      [undefined, 'org/example/udf/1/udf-1.jar'],
      ['shaded', 'org/example/udf/1/udf-1-shaded.jar'],
    ]);
  });

  it.each(['org.example:bad_2.12', '*:bad_2.12', 'org.example:*'])(
    'leave out %s when told to',
    async (pattern) => {
      const { inputs } = await lockJars([{ jar: 'org.example:udf:1', exclude: [pattern] }], {
        'org.example:udf:1': { jar: plain(), needs: ['org.example:bad_2.12:1'] },
        'org.example:bad_2.12:1': { jar: plain('org/example/Bad') },
      });
      expect(inputs.map(({ name }) => name)).toEqual(['org.example:udf']);
    },
  );

  it('may bundle the release of a library that Spark has, or the very same class', async () => {
    const bundling = zipOf({
      ...one('com/fasterxml/jackson/core/JsonParser', { text: 'rewritten' }),
      ...pomFile('com.fasterxml.jackson.core', 'jackson-core', '2.21.2'),
      ...one('org/apache/spark/sql/Dataset'),
    });
    const { inputs } = await lockJars(jars(['org.example:udf:1']), {
      'org.example:udf:1': { jar: bundling },
    });
    expect(inputs).toHaveLength(1);
    expect(inputs[0]).not.toHaveProperty('forced');
  });

  it('may refer to an optional part of Spark that nobody has, and to what another of them brings', async () => {
    const { inputs } = await lockJars(jars(['org.example:udf:1', 'org.example:more:1']), {
      'org.example:udf:1': {
        jar: zipOf(
          one('org/example/Udf', {
            references: [
              'org/apache/spark/sql/hive/Optional',
              'org/apache/spark/sql/More',
              'scala/Function1',
            ],
          }),
        ),
      },
      'org.example:more:1': { jar: plain('org/apache/spark/sql/More') },
    });
    expect(inputs).toHaveLength(2);
  });
});

interface Case {
  readonly name: string;
  readonly asked: (string | JarSpec)[];
  readonly published: Readonly<Record<string, Published>>;
  /** Parts of the one fault, and of its way out. */
  readonly says: readonly string[];
}

const UDF = 'org.example:udf:1';

const CONFLICTS: readonly Case[] = [
  {
    name: 'another Scala by its name',
    asked: ['org.example:udf_2.12:1'],
    published: { 'org.example:udf_2.12:1': { jar: plain() } },
    says: ['is built for Scala 2.12, Spark 4.1.4 runs on Scala 2.13', 'org.example:udf_2.13:1'],
  },
  {
    name: 'another Scala by the release of an older habit',
    asked: ['graphframes:graphframes:0.8.3-spark3.4-s_2.12'],
    published: { 'graphframes:graphframes:0.8.3-spark3.4-s_2.12': { jar: plain() } },
    says: ['is built for Scala 2.12'],
  },
  {
    name: 'another Scala by its classes',
    asked: [UDF],
    published: {
      [UDF]: { jar: zipOf(one('org/example/Udf', { references: ['scala/collection/TraversableOnce'] })) },
    },
    says: ['is built for another Scala: org.example.Udf refers to scala.collection.TraversableOnce'],
  },
  {
    name: 'another Spark by its release',
    asked: ['org.apache.spark:spark-avro_2.13:3.5.7'],
    published: { 'org.apache.spark:spark-avro_2.13:3.5.7': { jar: plain() } },
    says: ['belongs to Spark 3.5, the image has Spark 4.1.4', 'take the release of Spark 4.1'],
  },
  {
    name: 'another Spark by its classes',
    asked: [UDF],
    published: {
      [UDF]: {
        jar: zipOf(
          one('org/example/Udf', { references: ['org/apache/spark/sql/Gone', 'org/apache/spark/sql/Lost'] }),
        ),
      },
    },
    says: ['built for another Spark: org.example.Udf refers to org.apache.spark.sql.Gone and 1 more classes'],
  },
  {
    name: 'another Hadoop',
    asked: ['org.apache.hadoop:hadoop-azure:3.3.4'],
    published: { 'org.apache.hadoop:hadoop-azure:3.3.4': { jar: plain() } },
    says: ['belongs to Hadoop 3.3.4', 'take org.apache.hadoop:hadoop-azure:3.4.2'],
  },
  {
    name: 'a class of one of its own jars',
    asked: [UDF],
    published: { [UDF]: { jar: zipOf(one('com/fasterxml/jackson/core/JsonParser', { text: '2.9' })) } },
    says: ['has a class that jackson-core-2.21.2.jar of the image has too', 'shaded', 'force: REASON'],
  },
  {
    name: 'a jar of its own',
    asked: ['com.fasterxml.jackson.core:jackson-core:2.21.2'],
    published: { 'com.fasterxml.jackson.core:jackson-core:2.21.2': {} },
    says: ['is a jar of Spark 4.1.4', 'remove the line'],
  },
  {
    name: 'a jar of its own in another version',
    asked: ['com.fasterxml.jackson.core:jackson-core:2.13.5'],
    published: { 'com.fasterxml.jackson.core:jackson-core:2.13.5': {} },
    says: ['is in the image as jackson-core-2.21.2.jar'],
  },
  {
    name: 'what needs a later major version of a jar of its own',
    asked: [UDF],
    published: {
      [UDF]: { needs: ['com.fasterxml.jackson.core:jackson-core:3.0.1'] },
      'com.fasterxml.jackson.core:jackson-core:3.0.1': {},
    },
    says: [
      'com.fasterxml.jackson.core:jackson-core:3.0.1, which udf needs, is newer than the jackson-core-2.21.2.jar',
      'exclude: [com.fasterxml.jackson.core:jackson-core]',
    ],
  },
  {
    name: 'what needs a jar that a slim image lacks',
    asked: [UDF],
    published: {
      [UDF]: { needs: ['io.fabric8:kubernetes-client:7.1.0'] },
      'io.fabric8:kubernetes-client:7.1.0': {},
    },
    says: ['is a jar of Spark that the image lacks', 'jars: full'],
  },
  {
    name: 'classes for a later Java',
    asked: [UDF],
    published: { [UDF]: { jar: zipOf(one('org/example/Udf', { java: 25 })) } },
    says: ['needs Java 25 (org.example.Udf), the image has Java 21'],
  },
  {
    name: 'one artifact in two versions',
    asked: [UDF, 'org.example:udf:2'],
    published: { [UDF]: { jar: plain() }, 'org.example:udf:2': { jar: plain() } },
    says: ['factory.yaml:2:1: maven[1]', 'is asked for as 1 and as 2', 'keep one of them'],
  },
  {
    name: 'one artifact twice',
    asked: [UDF, UDF],
    published: { [UDF]: { jar: plain() } },
    says: ['is asked for twice'],
  },
  {
    name: 'one file name twice',
    asked: [UDF, 'com.example:udf:1'],
    published: { [UDF]: { jar: plain() }, 'com.example:udf:1': { jar: plain('com/example/Udf') } },
    says: ['com.example:udf:1 has the file name of org.example:udf:1: udf-1.jar'],
  },
  {
    name: 'one class in two of them',
    asked: [UDF, 'com.example:other:1'],
    published: {
      [UDF]: { jar: plain() },
      'com.example:other:1': { jar: zipOf(one('org/example/Udf', { text: 'another' })) },
    },
    says: ['com.example:other:1 has a class that org.example:udf:1 has too'],
  },
  {
    name: 'an exclusion that excludes nothing',
    asked: [{ jar: UDF, exclude: ['org.example:lots'] }],
    published: {
      [UDF]: { jar: plain(), needs: ['org.example:lost:1'] },
      'org.example:lost:1': { jar: plain('a/B') },
    },
    says: ['exclude: org.example:lots is nothing that udf needs'],
  },
  {
    name: 'a pom without a jar',
    asked: ['org.example:bom:1'],
    published: { 'org.example:bom:1': {} },
    says: ['the Maven repository has no jar of org.example:bom:1'],
  },
  {
    name: 'a dependency whose jar is not there',
    asked: [UDF],
    published: { [UDF]: { jar: plain(), needs: ['org.example:lost:1'] }, 'org.example:lost:1': {} },
    says: ['the Maven repository has no jar of org.example:lost:1, which udf needs'],
  },
];

describe('refused with the way out:', () => {
  it.each(CONFLICTS)('$name', async ({ asked, published, says }) => {
    const error = await refusal(() => lockJars(jars(asked), published));
    expect(error).toMatchObject({ code: 'jars-conflict', exitCode: 1 });
    expect(error.faults).toHaveLength(1);
    const said = error.faults.map(({ where, what, hint }) => `${where}: ${what}\n${hint ?? ''}`).join('\n');
    for (const each of says) expect(said).toContain(each);
    expect(said).toMatch(/^factory\.yaml:\d+:1: maven\[\d\]: /);
  });

  it('every conflict at once, each at its line', async () => {
    const error = await refusal(() =>
      lockJars(jars(['org.example:a_2.12:1', UDF, 'org.apache.hadoop:hadoop-azure:3.3.4']), {
        'org.example:a_2.12:1': { jar: plain() },
        [UDF]: { jar: plain() },
        'org.apache.hadoop:hadoop-azure:3.3.4': { jar: plain() },
      }),
    );
    expect(error.faults.map(({ where }) => where)).toEqual([
      'factory.yaml:1:1: maven[0]',
      'factory.yaml:3:1: maven[2]',
    ]);
  });

  it.each([
    [
      'a release',
      'org.example:udf:1.10',
      'org.example:udf has no release 1.10',
      'did you mean 1.1.0? its newest: 2.0, 1.1.0',
    ],
    [
      'an artifact',
      'org.example:dfu:1',
      'the Maven repository has no org.example:dfu',
      'correct the group and the artifact',
    ],
  ])('coordinates with a mistyped %s', async (_, jar, what, hint) => {
    const [group = '', artifact = '', version = ''] = jar.split(':');
    const pom = `http://m/org/example/${artifact}/${version}/${artifact}-${version}.pom`;
    const error = await refusal(() =>
      lockJars(
        jars([jar]),
        {},
        {
          [pom]: { status: 404 },
          [metadataOf(group, artifact)]:
            artifact === 'udf'
              ? { body: '<versions><version>1.1.0</version><version>2.0</version></versions>' }
              : { status: 404 },
        },
      ),
    );
    expect(error.faults).toMatchObject([
      { where: 'factory.yaml:1:1: maven[0]', what, hint: expect.stringContaining(hint) as string },
    ]);
  });
});

describe('force', () => {
  const forced = (jar: string): JarSpec => ({ jar, force: 'tested with this Spark' });

  it.each(
    CONFLICTS.filter(
      ({ asked, says }) =>
        asked.length === 1 && /built for|belongs|class that|needs Java|in the image as/.test(says.join()),
    ),
  )('takes $name, and the lock says why', async ({ asked: [jar], published }) => {
    if (typeof jar !== 'string') throw new Error('the case has no coordinates');
    const files = Object.fromEntries(
      Object.entries(published).map(([key, { jar = plain() }]) => [key, { jar }]),
    );
    const { inputs } = await lockJars([forced(jar)], files);
    expect(inputs).toMatchObject([{ forced: 'tested with this Spark' }]);
  });

  it('does not speak for what the jar needs: that is named itself', async () => {
    const published = {
      [UDF]: { jar: plain(), needs: ['org.example:old_2.12:1'] },
      'org.example:old_2.12:1': { jar: plain('org/example/Old') },
    };
    const error = await refusal(() => lockJars([forced(UDF)], published));
    expect(error.faults).toMatchObject([{ hint: expect.stringContaining('name it yourself') as string }]);
    const { inputs } = await lockJars([{ jar: UDF }, forced('org.example:old_2.12:1')], published);
    expect(inputs.map(({ name, forced: why }) => [name, why])).toEqual([
      ['org.example:udf', undefined],
      ['org.example:old_2.12', 'tested with this Spark'],
    ]);
  });

  it('leaves no mark where there is no conflict', async () => {
    const { inputs } = await lockJars([forced(UDF)], { [UDF]: { jar: plain() } });
    expect(inputs[0]).not.toHaveProperty('forced');
  });
});
