/** Releases of what an image runs; null where it has no such jar. */
export interface SparkImage {
  readonly spark: string;
  readonly hadoop: string | null;
  readonly hadoopAws: string | null;
  readonly committer: string | null;
}

/** What an image runs, from the versions in its record (factory/contracts/record.ts). */
export function sparkImageOf(versions: Readonly<Record<string, string>>): SparkImage {
  const committer = /:(.+)$/.exec(versions['committer'] ?? '')?.[1] ?? null;
  const hadoop = versions['hadoop'] ?? null;
  // The lock takes hadoop-aws of the Hadoop in Spark's jars; a node looks at the jars themselves.
  return { spark: versions['spark'] ?? '', hadoop, hadoopAws: hadoop, committer };
}
