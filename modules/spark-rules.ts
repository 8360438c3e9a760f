import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IConstruct } from 'constructs';
import type { z } from 'zod';
import type { NodeConfig } from '../factory/contracts/node';
import { SparkRules, SparkSettings } from '../factory/contracts/spark-rules';
import { sparkImageOf } from '../factory/spark/image';
import { judgeSpark } from '../factory/spark/judge';
import { projectOf } from './project';

/** Of kiln's own checkout: what its next image carries. A node judges by the copy in its own image. */
const TABLES = 'images/rootfs/usr/lib/kiln/spark';

const read = <T>(folder: string, name: string, schema: z.ZodType<T>): T =>
  schema.parse(JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')));

/**
 * What of node.json's spark.conf is known to lose data, to hang or to open the cluster, each with the way out
 * and its source; none when all is well.
 *
 * @param versions of the image's record.
 */
export function sparkFaults(
  scope: IConstruct,
  versions: Readonly<Record<string, string>>,
  { role, spark }: NodeConfig,
): string[] {
  const folder = join(projectOf(scope).home, TABLES);
  return judgeSpark(
    read(folder, 'rules', SparkRules),
    read(folder, 'settings', SparkSettings),
    sparkImageOf(versions),
    role,
    spark,
  ).map(({ what, hint, source }) => `node.json: spark.conf: ${what}; ${hint} (${source})`);
}
