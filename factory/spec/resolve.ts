import type { Lock } from '../contracts/lock';
import type { Spec } from '../contracts/spec';
import type { PythonAsked } from './environment';
import { BROKEN_RELEASES, SPARK_LINES, SUITES, type SparkLine, type Suite } from './compatibility';

/** What a specification comes to, with the reason of every choice. */
export interface Resolution {
  readonly line: SparkLine;
  readonly suite: Suite;
  readonly java: number;
  /** Maven coordinates `group:artifact:version`; undefined where Spark has none and lives without. */
  readonly committer: string | undefined;
  /** As far as they are known without asking a registry. */
  readonly choices: Lock['choices'];
}

/** A choice that cannot be made: at a key of factory.yaml. */
export interface Refusal {
  readonly path: readonly string[];
  readonly what: string;
  readonly hint: string;
}

const list = (values: readonly (number | string)[]): string => {
  const words = values.map(String);
  const last = words.pop() ?? '';
  return words.length === 0 ? last : `${words.join(', ')} or ${last}`;
};

const by =
  <T>(order: (value: T) => number) =>
  (a: T, b: T): number =>
    order(a) - order(b);

const patch = (release: string): number => Number(release.split('.')[2]);

/** The committer jar of the same release, else of the nearest patch release: those are compatible. */
export function pickCommitter(release: string, releases: readonly string[]): string | undefined {
  const wanted = patch(release);
  return [...releases].sort(by((r) => Math.abs(patch(r) - wanted)))[0];
}

const binary = (scala: string): string => scala.split('.').slice(0, 2).join('.');

function pythonRange(line: SparkLine): string {
  const { min, max } = line.python;
  return max === undefined ? `3.${String(min)} or later` : `3.${String(min)} to 3.${String(max)}`;
}

/** What the solver must keep to, as conda writes it, and the same in words. */
export function pythonBounds(line: SparkLine): { readonly spec: string; readonly words: string } {
  const { min, max } = line.python;
  const most = max === undefined ? '4' : `3.${String(max + 1)}`;
  return {
    spec: `python >=3.${String(min)},<${most}.0a0`,
    words: `Spark ${line.line} runs on Python ${pythonRange(line)}`,
  };
}

/** Whether a version of Python, such as 3.13.5, is one that this Spark runs on. */
export function runsOnPython(line: SparkLine, version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major === 3 && minor >= line.python.min && minor <= (line.python.max ?? Infinity);
}

function chooseJars(asked: Spec['jars'], line: SparkLine): Lock['choices']['jars'] {
  const value = asked ?? (line.slim === undefined ? 'full' : 'slim');
  const why =
    value === 'full'
      ? 'all that Spark and the SDK were released with'
      : `without what standalone Spark and S3A never load: no Kubernetes, YARN or Scala shell of Connect, no AWS service but S3's and those it logs in by; proven by ${line.slim ?? ''}`;
  if (asked !== undefined) return { value, reason: `factory.yaml: jars; ${why}` };
  const by = `compatibility table, Spark ${line.line}`;
  return { value, reason: value === 'full' ? `${by}: slim was not proven; ${why}` : `${by}: ${why}` };
}

function chooseClassData(asked: Spec['classData'], line: SparkLine): Lock['choices']['classData'] {
  const value = asked ?? (line.classData === undefined ? 'none' : 'shared');
  if (asked !== undefined) return { value, reason: 'factory.yaml: classData' };
  const by = `compatibility table, Spark ${line.line}`;
  return {
    value,
    reason:
      line.classData === undefined
        ? `${by}: no list of its classes was proven`
        : `${by}: one archive of loaded classes for all its processes; proven by ${line.classData}`,
  };
}

/**
 * Decides by the compatibility table alone.
 * @param python what the environment file asks for, if it says; what is solved is judged later, by `runsOnPython`.
 */
export function resolve(spec: Spec, python?: PythonAsked): Resolution | Refusal[] {
  const line = SPARK_LINES.find((l) => spec.spark.startsWith(`${l.line}.`));
  if (line === undefined) {
    return [
      {
        path: ['spark'],
        what: `Spark ${spec.spark} is not in the compatibility table`,
        hint: `it knows ${list(SPARK_LINES.map((l) => l.line))}`,
      },
    ];
  }
  const refusals: Refusal[] = [];
  const refuse = (key: string, what: string, hint: string): void => {
    refusals.push({ path: [key], what, hint });
  };

  const broken = BROKEN_RELEASES[spec.spark];
  if (broken !== undefined)
    refuse('spark', `Spark ${spec.spark} does not work: ${broken}`, 'take a later patch release');

  const java = spec.java ?? line.base.java;
  if (!line.java.includes(java)) {
    refuse('java', `Spark ${line.line} does not run on Java ${String(java)}`, `allowed: ${list(line.java)}`);
  }
  const suiteName = spec.debian ?? line.base.debian;
  const suite = SUITES.find((s) => s.name === suiteName);
  if (suite === undefined) {
    refuse('debian', `${suiteName} is not a suite kiln knows`, `known: ${list(SUITES.map((s) => s.name))}`);
  } else if (line.java.includes(java) && !suite.java.includes(java)) {
    const elsewhere = SUITES.filter((s) => s.java.includes(java)).map((s) => s.name);
    const here = suite.java.filter((j) => line.java.includes(j));
    refuse(
      spec.java === undefined && spec.debian === undefined
        ? 'spark'
        : spec.debian === undefined
          ? 'java'
          : 'debian',
      `Debian ${suite.name} has no Java ${String(java)} (it has ${list(suite.java)})`,
      [
        ...(here.length > 0 ? [`java: ${list(here)} is in ${suite.name}`] : []),
        elsewhere.length > 0
          ? `debian: ${list(elsewhere)} has Java ${String(java)}`
          : 'no suite that kiln knows has it',
      ].join('; '),
    );
  }
  if (python?.minor !== undefined && !runsOnPython(line, `3.${String(python.minor)}`)) {
    refuse(
      'spark',
      `Spark ${line.line} does not run on Python 3.${String(python.minor)}, which ${python.where} asks for`,
      `allowed: ${pythonRange(line)}`,
    );
  }
  const release = pickCommitter(spec.spark, line.committer.releases);
  if (release === undefined && line.committer.without === 'broken') {
    refuse(
      'spark',
      `there is no spark-hadoop-cloud for Spark ${line.line}: without it S3A's committers are silently left out`,
      'take the newest line that has one: 4.1',
    );
  }
  if (spec.jars === 'slim' && line.slim === undefined) {
    refuse(
      'jars',
      `which jars Spark ${line.line} can do without was never proven`,
      `jars: full; slim is known for ${list(SPARK_LINES.filter((l) => l.slim !== undefined).map((l) => l.line))}`,
    );
  }
  if (spec.classData === 'shared' && line.classData === undefined) {
    refuse(
      'classData',
      `there is no list of the classes that Spark ${line.line} loads`,
      `classData: none; there is one for ${list(SPARK_LINES.filter((l) => l.classData !== undefined).map((l) => l.line))}`,
    );
  }
  if (refusals.length > 0 || suite === undefined) return refusals;

  const artifact = `spark-hadoop-cloud_${binary(line.scala)}`;
  const table = `compatibility table, Spark ${line.line} (${line.source.join(', ')})`;
  return {
    line,
    suite,
    java,
    committer: release === undefined ? undefined : `org.apache.spark:${artifact}:${release}`,
    choices: {
      spark: { value: spec.spark, reason: 'factory.yaml: spark' },
      debian: {
        value: suite.name,
        reason: spec.debian === undefined ? `${table}: default base` : 'factory.yaml: debian',
      },
      java: {
        value: String(java),
        reason: `${spec.java === undefined ? `${table}: default` : 'factory.yaml: java'}; Spark ${line.line} runs on ${list(line.java)}, ${suite.name} has ${list(suite.java)}`,
      },
      scala: { value: line.scala, reason: table },
      python: {
        value: python?.minor === undefined ? pythonRange(line) : `3.${String(python.minor)}`,
        reason: `${python === undefined ? 'left open' : `${spec.conda.environment}: ${python.text}`}; Spark ${line.line} runs on ${pythonRange(line)}`,
      },
      hadoop: { value: line.hadoop, reason: `${table}: hadoop-aws must equal the Hadoop in Spark's jars` },
      sdk: { value: `${line.sdk.artifact}:${line.sdk.version}`, reason: table },
      committer:
        release === undefined
          ? {
              value: 'none',
              reason: `none was released for Spark ${line.line}: output is committed by renames`,
            }
          : {
              value: `${artifact}:${release}`,
              reason:
                release === spec.spark
                  ? 'the same release as Spark'
                  : `the nearest patch release to ${spec.spark} that there is`,
            },
      jars: chooseJars(spec.jars, line),
      classData: chooseClassData(spec.classData, line),
    },
  };
}
