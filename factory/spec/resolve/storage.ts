import type { Lock } from '../../contracts/lock';
import { type SparkLine } from '../compatibility';

const patch = (release: string): number => Number(release.split('.')[2]);

/** The committer jar of the same release, else of the nearest patch release: those are compatible. */
export function pickCommitter(release: string, releases: readonly string[]): string | undefined {
  const wanted = patch(release);
  return releases.toSorted((a, b) => Math.abs(patch(a) - wanted) - Math.abs(patch(b) - wanted))[0];
}

/** Scala's binary version: `2.13` of 2.13.17. */
const binary = (scala: string): string => scala.split('.').slice(0, 2).join('.');

/** How Spark reads and writes object storage. */
export interface Storage {
  /** Maven coordinates `group:artifact:version`; undefined where Spark has none and lives without. */
  readonly committer: string | undefined;
  readonly choices: Pick<Lock['choices'], 'hadoop' | 'sdk' | 's3a' | 'committer'>;
}

export function chooseStorage(spark: string, line: SparkLine): Storage {
  const { s3a, committer } = line;
  const release =
    committer.of === undefined ? pickCommitter(spark, committer.releases) : committer.releases.at(-1);
  const artifact = `spark-hadoop-cloud_${binary(line.scala)}`;
  const table = `compatibility table, Spark ${line.line}`;
  return {
    committer: release === undefined ? undefined : `org.apache.spark:${artifact}:${release}`,
    choices: {
      hadoop: { value: s3a.hadoop, reason: `${table}: hadoop-aws must equal the Hadoop in the image` },
      sdk: { value: s3a.sdk, reason: table },
      s3a: {
        value: s3a.from,
        reason:
          s3a.from === 'shipped'
            ? `${table}: the Hadoop that Spark was released with`
            : `${table}: Hadoop ${s3a.hadoop} in place of the one that Spark was released with, whose S3A lacks what object storage needs`,
      },
      committer:
        release === undefined
          ? {
              value: 'none',
              reason: `none was released for Scala ${binary(line.scala)}: output is committed by renames, which are slow, and a failed task can leave what it wrote`,
            }
          : { value: `${artifact}:${release}`, reason: why(spark, release, line) },
    },
  };
}

function why(spark: string, release: string, { committer: { of } }: SparkLine): string {
  if (of !== undefined) return `none was released for this line; the one of ${of} was run with it`;
  return release === spark
    ? 'the same release as Spark'
    : `the nearest patch release to ${spark} that there is`;
}
