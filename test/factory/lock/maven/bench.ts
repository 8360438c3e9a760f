import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Input, MavenInput } from '../../../../factory/contracts/lock';
import type { JarSpec } from '../../../../factory/contracts/spec';
import { resolveMaven } from '../../../../factory/lock/maven';
import { artifactFolder, artifactPath, parseCoordinates } from '../../../../factory/lock/maven/coordinates';
import { askedJars } from '../../../../factory/lock/maven/asked';
import { FakeHttp, type FakeAnswer } from '../../../../factory/ports/inputs/http-fake';
import { FakeMaven } from '../../../../factory/ports/inputs/maven-fake';
import { classFile, pomFile, sdistOf, zipOf } from './jar-maker';

const hash = (kind: string, bytes: Buffer): string => createHash(kind).update(bytes).digest('hex');

const dependency =
  '<dependency><groupId>software.amazon.awssdk</groupId><artifactId>bundle</artifactId><version>2.29.52</version></dependency>';
const HADOOP_POM = `<project><dependencies>${dependency}</dependencies></project>`;

/** A jar of a repository, and what it depends on. */
export interface Published {
  readonly jar?: Buffer;
  readonly needs?: readonly string[];
}

const one = (name: string, options?: Parameters<typeof classFile>[1]): Record<string, Buffer> => ({
  [`${name}.class`]: classFile(name, options),
});

/** Spark's jars, as few as the rules need. */
const SPARK = {
  'scala-library-2.13.17.jar': zipOf({ ...one('scala/Function1'), ...one('scala/collection/IterableOnce') }),
  'spark-sql_2.13-4.1.4.jar': zipOf({
    ...one('org/apache/spark/sql/Dataset'),
    ...pomFile('org.apache.spark', 'spark-sql_2.13', '4.1.4'),
  }),
  'jackson-core-2.21.2.jar': zipOf({
    ...one('com/fasterxml/jackson/core/JsonParser', { text: '2.21.2' }),
    ...pomFile('com.fasterxml.jackson.core', 'jackson-core', '2.21.2'),
  }),
  'kubernetes-client-7.1.0.jar': zipOf({
    ...one('io/fabric8/Client'),
    ...pomFile('io.fabric8', 'kubernetes-client', '7.1.0'),
  }),
};

const HADOOP: Readonly<Record<string, Published>> = {
  'org.apache.hadoop:hadoop-aws:3.4.2': { jar: zipOf(one('org/apache/hadoop/fs/s3a/S3AFileSystem')) },
  'software.amazon.awssdk:bundle:2.29.52': { jar: zipOf(one('software/amazon/awssdk/Client')) },
};

export interface Locked {
  readonly inputs: MavenInput[];
  readonly said: string[];
}

/** Resolves jars of a repository that has those of `published`, against a Spark of a few jars. */
export async function lockJars(
  specs: readonly JarSpec[],
  published: Readonly<Record<string, Published>>,
  pages: Readonly<Record<string, FakeAnswer>> = {},
): Promise<Locked> {
  const folder = mkdtempSync(join(tmpdir(), 'kiln-jars-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const all = { ...HADOOP, ...published };
  const artifacts = Object.entries(all).flatMap(([text, { jar }]): [string, FakeAnswer][] => {
    const coordinates = parseCoordinates(text);
    const path = `http://m/${artifactPath(coordinates, 'jar')}`;
    const pom = `http://m/${artifactPath(coordinates, 'pom')}`;
    return [
      [pom, { body: text.includes('hadoop-aws') ? HADOOP_POM : '<project/>' }],
      ...(jar === undefined
        ? [[`${path}.sha1`, { status: 404 }] as [string, FakeAnswer]]
        : ([
            [path, { body: jar }],
            [`${path}.sha1`, { body: hash('sha1', jar) }],
          ] as [string, FakeAnswer][])),
    ];
  });
  const said: string[] = [];
  const fileOf = (sha256: string): string => join(folder, sha256);
  const sdist = await sdistOf(SPARK);
  writeFileSync(fileOf(hash('sha256', sdist)), sdist);
  const spark: Input = {
    ...{ use: 'spark', source: 'pypi', name: 'pyspark', version: '4.1.4', file: 'pyspark-4.1.4.tar.gz' },
    size: sdist.length,
    sha256: hash('sha256', sdist),
  };
  const { inputs } = await resolveMaven(
    {
      hadoop: '3.4.2',
      client: false,
      committer: undefined,
      jars: askedJars(specs, (index) => `factory.yaml:${String(index + 1)}:1: maven[${String(index)}]`),
      image: { spark: '4.1.4', scala: '2.13.17', hadoop: '3.4.2', java: 21 },
      spark: () => Promise.resolve(spark),
      slim: () => '# why\nkubernetes-*.jar  not here\nrocksdbjni-*.jar!x  a part\n',
    },
    [],
    {
      http: new FakeHttp({ ...Object.fromEntries(artifacts), ...pages }),
      base: () => Promise.resolve('http://m'),
      async keep(_name, chunks) {
        const parts: Uint8Array[] = [];
        for await (const chunk of chunks) parts.push(chunk);
        const bytes = Buffer.concat(parts);
        const sha256 = hash('sha256', bytes);
        writeFileSync(fileOf(sha256), bytes);
        return { size: bytes.length, sha256 };
      },
      maven: new FakeMaven(
        Object.fromEntries(
          Object.entries(all).map(([text, { needs = [] }]) => [text.split(':').slice(0, 3).join(':'), needs]),
        ),
      ),
      file: ({ sha256 }) => Promise.resolve(fileOf(sha256)),
      step: (line) => said.push(line),
    },
  );
  return { inputs: inputs.filter(({ use }) => use === 'jars'), said };
}

/** Where the list of an artifact's releases lies. */
export const metadataOf = (group: string, artifact: string): string =>
  `http://m/${artifactFolder({ group, artifact })}/maven-metadata.xml`;

export { one };
