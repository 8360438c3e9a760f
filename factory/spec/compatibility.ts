/**
 * Which Spark goes with what. Data only; `resolve` draws the conclusions.
 *
 * Sources: each release's own documentation ("Spark runs on Java …, Scala …, Python …"), its sdist on PyPI, the poms
 * of Hadoop and Spark in Maven's central repository. `run` says what was run with it, on what, and when.
 */

/** What was seen to run, on the machines kiln is built on. */
interface Evidence {
  readonly release: string;
  /**
   * `cluster`: locked, baked, three machines booted, canary and a job whose counts were checked; `local`: a job of
   * spark-submit local[2] in a tree of the base.
   */
  readonly reached: 'cluster' | 'local';
  readonly java: number;
  readonly python: string;
  /** Year and month. */
  readonly on: string;
}

/** The S3A file system of an image. */
interface S3a {
  /** hadoop-aws's release, and that of the Hadoop in the image: they must be equal. */
  readonly hadoop: string;
  readonly sdk: string;
  /**
   * `shipped`: the Hadoop that Spark was released with; `replaced`: its jars are taken out, and the shaded client of
   * this release is put in, as S3A of the one Spark was released with lacks committers, per-bucket settings or TLS
   * with an own authority.
   */
  readonly from: 'shipped' | 'replaced';
}

/** What binds Spark's writers to S3A's committers: spark-hadoop-cloud of Maven's central repository. */
interface Committer {
  /** Oldest first; none: Spark commits by renames. */
  readonly releases: readonly string[];
  /** The line whose jar it is, where none was released for this one. */
  readonly of?: string;
  /** What a Spark without it does: `slow` renames, `broken` silently does not commit as configured. */
  readonly without: 'slow' | 'broken';
}

export interface SparkLine {
  /** `major.minor`. */
  readonly line: string;
  /** Major Java versions that Spark's documentation names; the first is the default: it was run. */
  readonly java: readonly [number, ...number[]];
  /** As far as known exactly; the first two parts are the binary version in artifact names. */
  readonly scala: string;
  /** Lowest and highest minor version of Python 3, no highest where the documentation names none; `two`: 2.7 as well. */
  readonly python: { readonly min: number; readonly max?: number; readonly two?: true };
  readonly s3a: S3a;
  readonly committer: Committer;
  /**
   * What the proof is by which jars can be left out (images/layers/spark/slim-LINE.list); without one all of them stay.
   */
  readonly slim?: string;
  /**
   * What the proof is that the daemons, drivers and executors take one class data archive, made of the classes in
   * images/layers/jars/classes-LINE.list; without one none is made.
   */
  readonly classData?: string;
  /**
   * Year and month of the end of its support, where it has ended or is known. Source: the Spark project's versioning
   * policy and endoflife.date, read in October 2026.
   */
  readonly endOfLife?: string;
  /** Known holes of its last release that kiln's settings do not close. */
  readonly holes: readonly string[];
  /** None: nobody has seen it run, and `resolve` says so. */
  readonly run: readonly Evidence[];
}

const HISTORY_SERVER = 'CVE-2025-54920 (the history server runs code of a crafted event log)';
const PAGES = 'CVE-2022-31777 (script in a log page)';
const CTR = 'CVE-2025-55039 (messages between nodes can be changed: AES-CTR)';
const KEY_RECOVERY = 'CVE-2021-38296 (recorded traffic between nodes can be decrypted later)';
const NO_AUTHENTICATION =
  'CVE-2020-9480 (whoever reaches the master runs code, although spark.authenticate is on)';
const DISK = 'CVE-2019-10099 (some data on local disks in the clear, although encryption is on)';

const REPLACED: S3a = { hadoop: '3.4.2', sdk: 'software.amazon.awssdk:bundle:2.29.52', from: 'replaced' };
const shipped = (hadoop: string, sdk: string): S3a => ({
  hadoop,
  sdk: `software.amazon.awssdk:bundle:${sdk}`,
  from: 'shipped',
});

const RENAMES: Committer = { releases: [], without: 'slow' };

const cluster = (release: string, java: number, python: string): Evidence => ({
  ...{ release, reached: 'cluster', java, python, on: '2026-10' },
});
const local = (release: string, java: number, python: string): Evidence => ({
  ...{ release, reached: 'local', java, python, on: '2026-10' },
});

export const SPARK_LINES: readonly SparkLine[] = [
  {
    line: '2.2',
    java: [8],
    scala: '2.11',
    python: { min: 4, max: 6, two: true },
    s3a: REPLACED,
    committer: RENAMES,
    endOfLife: '2019-01',
    holes: [NO_AUTHENTICATION, KEY_RECOVERY, DISK, HISTORY_SERVER, PAGES, CTR],
    run: [cluster('2.2.3', 8, '2.7')],
  },
  {
    line: '2.3',
    java: [8],
    scala: '2.11',
    python: { min: 4, max: 6, two: true },
    s3a: REPLACED,
    committer: RENAMES,
    endOfLife: '2019-08',
    holes: [NO_AUTHENTICATION, KEY_RECOVERY, HISTORY_SERVER, PAGES, CTR],
    run: [local('2.3.4', 8, '2.7')],
  },
  {
    line: '2.4',
    java: [8],
    scala: '2.11',
    python: { min: 4, max: 7, two: true },
    s3a: REPLACED,
    committer: RENAMES,
    endOfLife: '2021-05',
    holes: [KEY_RECOVERY, HISTORY_SERVER, PAGES, CTR],
    run: [cluster('2.4.8', 8, '2.7')],
  },
  {
    line: '3.0',
    java: [8, 11],
    scala: '2.12',
    python: { min: 4, max: 8, two: true },
    s3a: REPLACED,
    committer: { releases: ['3.2.0', '3.2.1'], of: '3.2', without: 'slow' },
    endOfLife: '2021-12',
    holes: [KEY_RECOVERY, HISTORY_SERVER, PAGES, CTR],
    run: [cluster('3.0.3', 8, '2.7'), local('3.0.3', 8, '3.8')],
  },
  {
    line: '3.1',
    java: [8, 11],
    scala: '2.12',
    python: { min: 6, max: 9 },
    s3a: REPLACED,
    committer: { releases: ['3.2.0', '3.2.1'], of: '3.2', without: 'slow' },
    endOfLife: '2022-08',
    holes: [HISTORY_SERVER, PAGES, CTR],
    run: [local('3.1.3', 8, '3.9')],
  },
  {
    line: '3.2',
    java: [8, 11],
    scala: '2.12.15',
    python: { min: 6, max: 9 },
    s3a: REPLACED,
    committer: { releases: ['3.2.0', '3.2.1'], without: 'slow' },
    endOfLife: '2023-04',
    holes: [HISTORY_SERVER, CTR],
    run: [local('3.2.4', 8, '3.9')],
  },
  {
    line: '3.3',
    java: [17, 8, 11],
    scala: '2.12',
    python: { min: 7, max: 10 },
    s3a: REPLACED,
    committer: { releases: ['3.4.0', '3.4.3'], of: '3.4', without: 'slow' },
    endOfLife: '2023-12',
    holes: [HISTORY_SERVER, CTR],
    run: [cluster('3.3.4', 17, '3.9'), local('3.3.4', 8, '3.10')],
  },
  {
    line: '3.4',
    java: [17, 8, 11],
    scala: '2.12.17',
    python: { min: 7, max: 11 },
    s3a: REPLACED,
    committer: { releases: ['3.4.0', '3.4.3'], without: 'slow' },
    endOfLife: '2024-10',
    holes: [HISTORY_SERVER, CTR],
    run: [local('3.4.4', 17, '3.11')],
  },
  {
    line: '3.5',
    java: [17, 8, 11],
    scala: '2.12.18',
    python: { min: 8, max: 11 },
    s3a: REPLACED,
    committer: { releases: ['3.5.1', '3.5.4', '3.5.5', '3.5.7', '3.5.8'], without: 'slow' },
    holes: [],
    run: [cluster('3.5.9', 17, '3.11')],
  },
  {
    line: '4.0',
    java: [21, 17],
    scala: '2.13',
    python: { min: 9, max: 13 },
    s3a: shipped('3.4.1', '2.24.6'),
    committer: { releases: ['4.0.0', '4.0.1', '4.0.2'], without: 'broken' },
    endOfLife: '2026-11',
    holes: [],
    run: [cluster('4.0.5', 21, '3.11')],
  },
  {
    line: '4.1',
    java: [21, 17],
    scala: '2.13.17',
    python: { min: 10 },
    s3a: shipped('3.4.2', '2.29.52'),
    committer: { releases: ['4.1.1', '4.1.2'], without: 'broken' },
    slim: 'test/e2e/slim.test.ts, docs/decisions/slim-jars.md',
    classData: 'test/e2e/cluster.test.ts, docs/decisions/class-data.md',
    holes: [],
    run: [cluster('4.1.4', 21, '3.13')],
  },
  {
    line: '4.2',
    java: [21, 17],
    scala: '2.13',
    python: { min: 10 },
    s3a: shipped('3.5.0', '2.35.4'),
    committer: { releases: ['4.1.1', '4.1.2'], of: '4.1', without: 'broken' },
    holes: [],
    run: [local('4.2.1', 21, '3.11')],
  },
  {
    line: '4.3',
    java: [21, 17],
    scala: '2.13',
    python: { min: 10 },
    s3a: shipped('3.5.0', '2.35.4'),
    committer: { releases: ['4.1.1', '4.1.2'], of: '4.1', without: 'broken' },
    holes: [],
    run: [local('4.3.0', 21, '3.11')],
  },
];

/** Releases that start but do not work, with the reason. */
export const BROKEN_RELEASES: Readonly<Record<string, string>> = {
  '4.1.2': 'workers hang at registration when AES-GCM encryption is on (SPARK-56227)',
};

export interface Suite {
  readonly name: string;
  /** What the conda solver may count on; the image's, not the build machine's. */
  readonly glibc: string;
}

/** The bases that the recipes and the node's program are written for: systemd 257, EROFS and verity of trixie. */
export const SUITES: readonly [Suite, ...Suite[]] = [{ name: 'trixie', glibc: '2.41' }];

/** Where openjdk-N-jre-headless comes from, by N. Source: each suite's own package index. */
export interface Jdk {
  readonly java: number;
  readonly suite: string;
  /** Whether Debian's security team looks after it there. */
  readonly supported: boolean;
  /** What whoever chooses it should know. */
  readonly note?: string;
}

const NO_SUPPORT = 'of Debian unstable, without security support by Debian';

export const JDKS: readonly Jdk[] = [
  { java: 8, suite: 'sid', supported: false, note: NO_SUPPORT },
  { java: 11, suite: 'sid', supported: false, note: `${NO_SUPPORT}, an early-access build` },
  { java: 17, suite: 'sid', supported: false, note: NO_SUPPORT },
  { java: 21, suite: 'trixie', supported: true },
  { java: 25, suite: 'trixie', supported: true },
];

/** Year and month in which a Python's support ends. Source: the release schedules of its PEPs (373, 429, 478 to 745). */
export const PYTHON_ENDS: Readonly<Record<string, string>> = {
  '2.7': '2020-01',
  '3.4': '2019-03',
  '3.5': '2020-09',
  '3.6': '2021-12',
  '3.7': '2023-06',
  '3.8': '2024-10',
  '3.9': '2025-10',
  '3.10': '2026-10',
  '3.11': '2027-10',
  '3.12': '2028-10',
  '3.13': '2029-10',
  '3.14': '2030-10',
};

/** The last day on which Debian's security team looks after a suite: three years from its release on 2025-08-09. */
export const SUITE_ENDS: Readonly<Record<string, string>> = { trixie: '2028-08-09' };
