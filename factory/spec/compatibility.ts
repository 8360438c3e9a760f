/**
 * Which Spark goes with what. Data only; `resolve` draws the conclusions.
 *
 * Sources, by the letters of each row:
 * - `docs`: the Spark release's own documentation page ("Spark runs on Java …, Scala …, Python …").
 * - `pom`: the release's parent pom.xml (`hadoop.version`, `scala.version`), and the hadoop-project pom of
 *   that Hadoop for the SDK. Where the pom and this table differ, `kiln lock` follows the pom.
 * - `run`: a job was run with this row on the machines kiln is built on.
 */
type Source = 'docs' | 'pom' | 'run';

export interface SparkLine {
  /** `major.minor`. */
  readonly line: string;
  /** Major Java versions that Spark's documentation names. */
  readonly java: readonly number[];
  /** As far as known exactly; the first two parts are the binary version in artifact names. */
  readonly scala: string;
  /** Lowest and highest minor version of Python 3; no highest where the documentation names none. */
  readonly python: { readonly min: number; readonly max?: number };
  /** The Hadoop of Spark's own jars: hadoop-aws must equal it exactly. */
  readonly hadoop: string;
  readonly sdk: { readonly artifact: string; readonly version: string };
  /** The base it gets by default. */
  readonly base: { readonly debian: string; readonly java: number };
  /**
   * Releases of spark-hadoop-cloud in Maven's central repository, oldest first: they bind Spark's
   * writers to S3A's committers. `without` says what a Spark without it does: `slow` renames,
   * `broken` fails every query or silently does not commit as configured.
   */
  readonly committer: { readonly releases: readonly string[]; readonly without: 'slow' | 'broken' };
  /**
   * What the proof is by which jars can be left out (images/layers/spark/slim-LINE.list, and the AWS SDK
   * but for the services of images/layers/hadoop/sdk_bundle/services.py); without one all of them stay.
   */
  readonly slim?: string;
  /**
   * What the proof is that the daemons, drivers and executors take one class data archive, made of the classes in
   * images/layers/jars/classes-LINE.list; without one none is made.
   */
  readonly classData?: string;
  readonly source: readonly Source[];
}

const SDK1 = 'com.amazonaws:aws-java-sdk';
const SDK1_BUNDLE = 'com.amazonaws:aws-java-sdk-bundle';
const SDK2_BUNDLE = 'software.amazon.awssdk:bundle';

const NO_COMMITTER = { releases: [], without: 'slow' } as const;

export const SPARK_LINES: readonly SparkLine[] = [
  {
    line: '2.2',
    java: [8],
    scala: '2.11',
    python: { min: 4, max: 6 },
    hadoop: '2.7.3',
    sdk: { artifact: SDK1, version: '1.7.4' },
    base: { debian: 'trixie', java: 8 },
    committer: NO_COMMITTER,
    source: ['docs', 'pom', 'run'],
  },
  {
    line: '2.3',
    java: [8],
    scala: '2.11',
    python: { min: 4, max: 6 },
    hadoop: '2.7.3',
    sdk: { artifact: SDK1, version: '1.7.4' },
    base: { debian: 'trixie', java: 8 },
    committer: NO_COMMITTER,
    source: ['docs', 'pom'],
  },
  {
    line: '2.4',
    java: [8],
    scala: '2.11',
    python: { min: 4, max: 7 },
    hadoop: '2.7.3',
    sdk: { artifact: SDK1, version: '1.7.4' },
    base: { debian: 'trixie', java: 8 },
    committer: NO_COMMITTER,
    source: ['docs', 'pom'],
  },
  {
    line: '3.0',
    java: [8, 11],
    scala: '2.12',
    python: { min: 4, max: 8 },
    hadoop: '2.7.4',
    sdk: { artifact: SDK1, version: '1.7.4' },
    base: { debian: 'bullseye', java: 11 },
    committer: NO_COMMITTER,
    source: ['docs', 'pom'],
  },
  {
    line: '3.1',
    java: [8, 11],
    scala: '2.12',
    python: { min: 6, max: 9 },
    hadoop: '3.2.0',
    sdk: { artifact: SDK1_BUNDLE, version: '1.11.375' },
    base: { debian: 'bullseye', java: 11 },
    committer: NO_COMMITTER,
    source: ['docs', 'pom'],
  },
  {
    line: '3.2',
    java: [8, 11],
    scala: '2.12.15',
    python: { min: 6, max: 9 },
    hadoop: '3.3.1',
    sdk: { artifact: SDK1_BUNDLE, version: '1.11.901' },
    base: { debian: 'bullseye', java: 11 },
    committer: { releases: ['3.2.0', '3.2.1'], without: 'slow' },
    source: ['docs', 'pom'],
  },
  {
    line: '3.3',
    java: [8, 11, 17],
    scala: '2.12',
    python: { min: 7, max: 10 },
    hadoop: '3.3.2',
    sdk: { artifact: SDK1_BUNDLE, version: '1.11.1026' },
    base: { debian: 'bookworm', java: 17 },
    committer: NO_COMMITTER,
    source: ['docs', 'pom'],
  },
  {
    line: '3.4',
    java: [8, 11, 17],
    scala: '2.12.17',
    python: { min: 7, max: 11 },
    hadoop: '3.3.4',
    sdk: { artifact: SDK1_BUNDLE, version: '1.12.262' },
    base: { debian: 'bookworm', java: 17 },
    committer: { releases: ['3.4.0', '3.4.3'], without: 'slow' },
    source: ['docs', 'pom'],
  },
  {
    line: '3.5',
    java: [8, 11, 17],
    scala: '2.12.18',
    python: { min: 8, max: 11 },
    hadoop: '3.3.4',
    sdk: { artifact: SDK1_BUNDLE, version: '1.12.262' },
    base: { debian: 'bookworm', java: 17 },
    committer: { releases: ['3.5.1', '3.5.4', '3.5.5', '3.5.7', '3.5.8'], without: 'slow' },
    source: ['docs', 'pom', 'run'],
  },
  {
    line: '4.0',
    java: [17, 21],
    scala: '2.13',
    python: { min: 9, max: 13 },
    hadoop: '3.4.1',
    sdk: { artifact: SDK2_BUNDLE, version: '2.24.6' },
    base: { debian: 'trixie', java: 21 },
    committer: { releases: ['4.0.0', '4.0.1', '4.0.2'], without: 'broken' },
    source: ['docs', 'pom'],
  },
  {
    line: '4.1',
    java: [17, 21],
    scala: '2.13.17',
    python: { min: 10 },
    hadoop: '3.4.2',
    sdk: { artifact: SDK2_BUNDLE, version: '2.29.52' },
    base: { debian: 'trixie', java: 21 },
    committer: { releases: ['4.1.1', '4.1.2'], without: 'broken' },
    slim: 'test/e2e/slim.test.ts, docs/decisions/slim-jars.md',
    classData: 'test/e2e/cluster.test.ts, docs/decisions/class-data.md',
    source: ['docs', 'pom', 'run'],
  },
  {
    line: '4.2',
    java: [17, 21],
    scala: '2.13',
    python: { min: 10 },
    hadoop: '3.5.0',
    sdk: { artifact: SDK2_BUNDLE, version: '2.35.4' },
    base: { debian: 'trixie', java: 21 },
    committer: { releases: [], without: 'broken' },
    source: ['docs', 'pom'],
  },
];

/** Releases that start but do not work, with the reason. */
export const BROKEN_RELEASES: Readonly<Record<string, string>> = {
  '4.1.2': 'workers hang at registration when AES-GCM encryption is on (SPARK-56227)',
};

export interface Suite {
  readonly name: string;
  /** Major versions of openjdk-N-jre-headless in its main archive. */
  readonly java: readonly number[];
  /** What the conda solver may count on; the image's, not the build machine's. */
  readonly glibc: string;
}

/** Source: each suite's own package index. */
export const SUITES: readonly Suite[] = [
  { name: 'bullseye', java: [11, 17], glibc: '2.31' },
  { name: 'bookworm', java: [17], glibc: '2.36' },
  { name: 'trixie', java: [21, 25], glibc: '2.41' },
];
