import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { NodeConfig } from '../../../factory/contracts/node';
import { SparkRules, SparkSettings } from '../../../factory/contracts/spark-rules';
import { type SparkImage, sparkImageOf } from '../../../factory/spark/image';
import { type Refusal, judgeSpark } from '../../../factory/spark/judge';

const HOME = join(__dirname, '../../..');
const KILN = join(HOME, 'images/rootfs/usr/lib/kiln');
const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const rules = SparkRules.parse(read(join(KILN, 'spark/rules.json')));
const settings = SparkSettings.parse(read(join(KILN, 'spark/settings.json')));

const Jar = z.string().nullable();
const documents = z
  .array(
    z.strictObject({
      name: z.string(),
      spark: z.string().default('4.1.4'),
      hadoop: Jar.default('3.4.2'),
      hadoopAws: Jar.default('3.4.2'),
      committer: Jar.default('4.1.2'),
      role: NodeConfig.shape.role.default('worker'),
      warehouse: z.string().optional(),
      conf: z.record(z.string(), z.string()),
      refused: z.array(z.string()),
    }),
  )
  .parse(read(join(HOME, 'test/fixtures/spark/documents.json')));

const spreadOf = (
  conf: Record<string, string>,
  warehouse: string | undefined,
): { conf: Record<string, string>; warehouse?: string } => ({
  conf,
  ...defined({ warehouse }),
});
const named = ({ rule, bucket }: Refusal): string => (bucket === null ? rule : `${rule}@${bucket}`);

describe('configurations of Spark', () => {
  it.each(documents)('$name', ({ role, conf, warehouse, refused, spark, hadoop, hadoopAws, committer }) => {
    const image = { spark, hadoop, hadoopAws, committer };
    expect(judgeSpark(rules, settings, image, role, spreadOf(conf, warehouse)).map(named)).toEqual(refused);
  });

  it('are each refused by a document of the fixtures, and none is refused by a rule unknown there', () => {
    const met = new Set(documents.flatMap(({ refused }) => refused.map((one) => one.split('@')[0])));
    expect([...met].sort()).toEqual(rules.rules.map(({ id }) => id).sort());
  });

  it('are told with the value that is refused', () => {
    const image: SparkImage = { spark: '4.1.4', hadoop: '3.4.2', hadoopAws: '3.3.4', committer: null };
    expect(judgeSpark(rules, settings, image, 'worker', { conf: {} })[0]?.what).toMatch(
      /^hadoop-aws is 3\.3\.4, the Hadoop beside it is 3\.4\.2/,
    );
  });
});

it('an image’s record says what it runs', () => {
  expect(
    sparkImageOf({ spark: '4.1.4', hadoop: '3.4.2', committer: 'spark-hadoop-cloud_2.13:4.1.2' }),
  ).toEqual({ spark: '4.1.4', hadoop: '3.4.2', hadoopAws: '3.4.2', committer: '4.1.2' });
  expect(sparkImageOf({ spark: '3.3.4', hadoop: '3.3.2', committer: 'none' }).committer).toBeNull();
});

/** Every key and value that the table speaks of, and some that it does not. */
function words(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(words) : [];
}
const spoken = [...new Set(rules.rules.flatMap(({ when }) => words(when)))];
const keys = spoken.filter((word) => /^(spark|fs|hadoop|mapreduce)\./.test(word));
const texts = [
  ...[...spoken, '', ' true ', '1', '96', '200', '18446744073709551616', 's3a://b/c', '/scratch/x'],
  ...['file:/scratch/x', 'FILE:///x', 's3a:', ':', '/x:y', 'hdfs://n/x'],
];
const key = fc
  .tuple(fc.constantFrom(...keys), fc.constantFrom('', 'a.', 'b.c.', 'committer.'), fc.boolean())
  .map(([name, bucket, prefixed]) => {
    const own = bucket === '' ? name : name.replace(/^fs\.s3a\./, `fs.s3a.bucket.${bucket}`);
    return prefixed && !own.startsWith('spark.') ? `spark.hadoop.${own}` : own;
  });
const release = fc.constantFrom('2.4.8', '3.1.3', '3.4', '3.5.8', '4.0.2', '4.1.2', '4.1.3', '4.1.4', '5');
const jar = fc.constantFrom(null, '3.4.2', '3.3.4');
const document = fc.record({
  image: fc.record({ spark: release, hadoop: jar, hadoopAws: jar, committer: jar }),
  role: fc.constantFrom(...NodeConfig.shape.role.options),
  warehouse: fc.option(fc.constantFrom('s3a://flights/warehouse', 's3a://my.tables/a/b'), { nil: undefined }),
  conf: fc.dictionary(key, fc.constantFrom(...texts), { maxKeys: 6 }),
});

/** Judges a list of documents as a node does. */
const NODE = `
import json, sys
from pathlib import Path
from kiln_node.spark import sparkjudge as rules
folder = Path(sys.argv[1])
tables = rules.load("rules", folder), rules.load("settings", folder)
def judge(one):
    image = one["image"]
    made = rules.Image(image["spark"], image["hadoop"], image["hadoopAws"], image["committer"])
    found = rules.judge(*tables, made, one["role"], one["conf"], warehouse=one.get("warehouse"))
    return [vars(refusal) for refusal in found]
json.dump([judge(one) for one in json.load(sys.stdin)], sys.stdout)
`;
import { defined } from '../../../factory/defined';

it('a stack and a node refuse the same, in the same words', () => {
  const kept = documents.map(({ spark, hadoop, hadoopAws, committer, role, conf, warehouse }) => ({
    image: { spark, hadoop, hadoopAws, committer },
    role,
    conf,
    warehouse,
  }));
  const made = [...kept, ...fc.sample(document, 1500)];
  const stack = made.map(({ image, role, conf, warehouse }) =>
    judgeSpark(rules, settings, image, role, spreadOf(conf, warehouse)),
  );
  const node: unknown = JSON.parse(
    execFileSync('python3', ['-c', NODE, join(KILN, 'spark')], {
      input: JSON.stringify(made),
      env: { ...process.env, PYTHONPATH: KILN, PYTHONDONTWRITEBYTECODE: '1' },
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    }),
  );
  expect(node).toEqual(stack);
  // Every rule was met.
  expect(new Set(stack.flat().map(({ rule }) => rule)).size).toBe(rules.rules.length);
});

it('docs/spark.md has every setting and every rule, as they are', () => {
  const doc = readFileSync(join(HOME, 'docs/spark.md'), 'utf8').replaceAll(/ +/g, ' ');
  for (const { key, why, source } of settings.settings) {
    expect(doc).toContain(`| \`${key}\` | `);
    expect(doc).toContain(`| ${why} | ${source} |`);
  }
  for (const { id, what, source } of rules.rules) {
    expect(doc).toContain(`| \`${id}\` | ${what} | ${source} |`);
  }
});
