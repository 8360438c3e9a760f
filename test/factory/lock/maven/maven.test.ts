import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { resolveMaven, sdkOf } from '../../../../factory/lock/maven';
import { artifactPath, coordinatesText, parseCoordinates } from '../../../../factory/lock/maven/coordinates';
import { parsePom, versionOf } from '../../../../factory/lock/maven/pom';
import { FakeHttp, type FakeAnswer } from '../../../../factory/ports/inputs/http-fake';
import { FakeMaven } from '../../../../factory/ports/inputs/maven-fake';
import { refusal } from '../../spec/support';

const dependency = (group: string, artifact: string, rest = ''): string =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId>${rest}</dependency>`;

const AWS = `<project>
  <parent><groupId>org.apache.hadoop</groupId><artifactId>hadoop-project</artifactId><version>3.4.2</version></parent>
  <dependencies>
    ${dependency('junit', 'junit', '<scope>test</scope>')}
    ${dependency('com.amazonaws', 'aws-java-sdk-bundle', '<scope>provided</scope>')}
    ${dependency('software.amazon.awssdk', 'bundle')}
  </dependencies>
</project>`;

const SDK_VERSION = '<version>${aws-java-sdk-v2.version}</version>';

const PARENT = `<project>
  <version>3.4.2</version>
  <properties><aws-java-sdk-v2.version>2.29.52</aws-java-sdk-v2.version><empty/></properties>
  <dependencyManagement><dependencies>
    ${dependency('com.amazonaws', 'aws-java-sdk-bundle', '<version>1.12.720</version>')}
    ${dependency('software.amazon.awssdk', 'bundle', SDK_VERSION)}
  </dependencies></dependencyManagement>
</project>`;

const HADOOP = 'http://m/org/apache/hadoop';
const POMS: Record<string, FakeAnswer> = {
  [`${HADOOP}/hadoop-aws/3.4.2/hadoop-aws-3.4.2.pom`]: { body: AWS },
  [`${HADOOP}/hadoop-project/3.4.2/hadoop-project-3.4.2.pom`]: { body: PARENT },
};

const hash = (kind: string, text: string): string => createHash(kind).update(text).digest('hex');

const withJars = (paths: readonly string[]): Record<string, FakeAnswer> =>
  Object.fromEntries<FakeAnswer>([
    ...Object.entries(POMS),
    ...paths.flatMap((path) => [
      [`http://m/${path}`, { body: path }] as const,
      // Some files carry the name behind the sum.
      [`http://m/${path}.sha1`, { body: `${hash('sha1', path)}  ${path}\n` }] as const,
    ]),
  ]);

const JARS = [
  'org/apache/hadoop/hadoop-aws/3.4.2/hadoop-aws-3.4.2.jar',
  'software/amazon/awssdk/bundle/2.29.52/bundle-2.29.52.jar',
];

const wanted = {
  hadoop: '3.4.2',
  client: false,
  committer: undefined,
  jars: [],
  image: { spark: '4.1.4', scala: '2.13', hadoop: '3.4.2', java: 21 },
  spark: () => Promise.reject(new Error('without jars nobody looks into Spark')),
  slim: () => undefined,
};

const ports = (http: FakeHttp) => ({
  maven: new FakeMaven({}),
  file: () => Promise.reject(new Error('without jars nobody looks into one')),
  http,
  base: () => Promise.resolve('http://m'),
  step: () => undefined,
  async keep(_name: string, chunks: AsyncIterable<Uint8Array>, sha1: string) {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    const text = Buffer.concat(parts).toString();
    expect(hash('sha1', text)).toBe(sha1);
    return { size: text.length, sha256: hash('sha256', text) };
  },
});

describe('the SDK of a Hadoop', () => {
  it('is the one its poms name, parents included, test and provided ones left out', async () => {
    expect(await sdkOf('3.4.2', new FakeHttp(POMS), 'http://m')).toEqual({
      group: 'software.amazon.awssdk',
      artifact: 'bundle',
      version: '2.29.52',
    });
  });

  it('says which pom there is not', async () => {
    const http = new FakeHttp({ [`${HADOOP}/hadoop-aws/9.9.9/hadoop-aws-9.9.9.pom`]: { status: 404 } });
    const error = await refusal(() => sdkOf('9.9.9', http, 'http://m'));
    expect(error).toMatchObject({
      code: 'unresolvable',
      message: expect.stringContaining('no pom of org.apache.hadoop:hadoop-aws:9.9.9') as string,
    });
  });
});

describe('a version in a pom', () => {
  it.each([
    ['written out', '<version>1.0</version>', '', '1.0'],
    ['a number with a trailing zero', '<version>3.10</version>', '', '3.10'],
    ['by a property of the child over the parent', '<version>${v}</version>', '<v>2</v>', '2'],
    ['by a property that names another', '<version>${w}</version>', '', '1'],
    ['of the project', '<version>${project.version}</version>', '', '7'],
  ])('%s', (_, version, properties, expected) => {
    const child = parsePom(
      `<project><version>7</version><properties>${properties}</properties><dependencies>${dependency('g', 'a', version)}</dependencies></project>`,
    );
    const parent = parsePom('<project><properties><v>1</v><w>${v}</w></properties></project>');
    expect(versionOf([child, parent], 'g', 'a')).toBe(expected);
  });
});

describe('the jars of S3A', () => {
  it('are pinned by size and sha256', async () => {
    const { inputs } = await resolveMaven(wanted, [], ports(new FakeHttp(withJars(JARS))));
    expect(inputs.map((i) => [i.use, i.name, i.version, i.path, i.sha256])).toEqual([
      ['hadoop', 'org.apache.hadoop:hadoop-aws', '3.4.2', JARS[0], hash('sha256', JARS[0] ?? '')],
      ['hadoop', 'software.amazon.awssdk:bundle', '2.29.52', JARS[1], hash('sha256', JARS[1] ?? '')],
    ]);
  });

  it('that were locked before are not downloaded again to learn their sha256', async () => {
    const first = await resolveMaven(wanted, [], ports(new FakeHttp(withJars(JARS))));
    const http = new FakeHttp(POMS);
    expect((await resolveMaven(wanted, first.inputs, ports(http))).inputs).toEqual(first.inputs);
    expect(http.seen.every((line) => line.endsWith('.pom'))).toBe(true);
  });
});

it.each([
  [
    'org.apache.spark:spark-hadoop-cloud_2.13:4.1.2',
    'org/apache/spark/spark-hadoop-cloud_2.13/4.1.2/spark-hadoop-cloud_2.13-4.1.2',
  ],
  ['io.netty:netty:4.2:linux-x86_64', 'io/netty/netty/4.2/netty-4.2-linux-x86_64'],
])('%s becomes the path every Maven repository has', (text, path) => {
  expect(artifactPath(parseCoordinates(text), 'jar')).toBe(`${path}.jar`);
  expect(artifactPath(parseCoordinates(text), 'pom')).toBe(`${path.replace('-linux-x86_64', '')}.pom`);
  expect(coordinatesText(parseCoordinates(text))).toBe(text);
});
