import { z } from 'zod';

/*
 * The tables of Spark's settings and of the configurations that are refused. They are data that the image carries
 * (images/rootfs/usr/lib/kiln/spark); factory/spark/judge.ts judges by them.
 */

const JarName = z.enum(['hadoop', 'hadoopAws', 'committer']);
const Bounds = z.strictObject({ from: z.string().optional(), before: z.string().optional() });

export type Condition =
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition }
  /** Stands in node.json's spark.conf. */
  | { given: string[] }
  | { setting: string; is: string[] }
  | { setting: string; begins: string[] }
  /** A whole number not below that of another setting. */
  | { setting: string; above: string }
  /** A local path of the list does not lie below the folder. */
  | { setting: string; outside: string }
  /** A path on a node's own disk: of the scheme file, or of none where the default file system is local. */
  | { setting: string; onNode: boolean }
  | { spark: z.infer<typeof Bounds> }
  | { jar: z.infer<typeof JarName>; present: boolean }
  | { jar: z.infer<typeof JarName>; differs: z.infer<typeof JarName> };

export const Condition: z.ZodType<Condition> = z.lazy(() =>
  z.union([
    z.strictObject({ all: z.array(Condition).min(1) }),
    z.strictObject({ any: z.array(Condition).min(1) }),
    z.strictObject({ not: Condition }),
    z.strictObject({ given: z.array(z.string()).min(1) }),
    z.strictObject({ setting: z.string(), is: z.array(z.string()).min(1) }),
    z.strictObject({ setting: z.string(), begins: z.array(z.string()).min(1) }),
    z.strictObject({ setting: z.string(), above: z.string() }),
    z.strictObject({ setting: z.string(), outside: z.string() }),
    z.strictObject({ setting: z.string(), onNode: z.boolean() }),
    z.strictObject({ spark: Bounds }),
    z.strictObject({ jar: JarName, present: z.boolean() }),
    z.strictObject({ jar: JarName, differs: JarName }),
  ]),
);

/** settings.json: what every node sets unless spark.conf says otherwise, with the reason and its source. */
export const SparkSettings = z.strictObject({
  about: z.string(),
  settings: z.array(
    z.strictObject({
      key: z.string(),
      value: z.string(),
      /** Default: spark-defaults.conf. */
      file: z.literal('hadoop').optional(),
      when: Condition.optional(),
      why: z.string().min(1),
      source: z.string().min(1),
    }),
  ),
});
export type SparkSettings = z.infer<typeof SparkSettings>;

const Role = z.enum(['master', 'worker', 'history', 'notebook', 'driver', 'standby']);

/** rules.json: what is refused, why, what to do, and who says so. */
export const SparkRules = z.strictObject({
  about: z.string(),
  rules: z.array(
    z.strictObject({
      id: z.string().regex(/^[a-z0-9-]+$/),
      /** Default: every role. */
      roles: z.array(Role).optional(),
      /** Judged once more for every bucket with settings of its own. */
      perBucket: z.literal(true).optional(),
      when: Condition,
      /** `{KEY}` is the setting's value. */
      what: z.string().min(1),
      hint: z.string().min(1),
      source: z.string().min(1),
    }),
  ),
});
export type SparkRules = z.infer<typeof SparkRules>;
