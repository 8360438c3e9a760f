import type { NodeConfig } from '../contracts/node';
import type { Condition, SparkRules, SparkSettings } from '../contracts/spark-rules';
import type { SparkImage } from './image';

/*
 * Which configurations of Spark are refused. kiln_node/spark/sparkjudge.py judges the same at a node's start, and
 * test/fixtures/spark holds documents that both must judge alike.
 */

export interface Refusal {
  readonly rule: string;
  /** Whose settings were refused; null for those of all buckets. */
  readonly bucket: string | null;
  readonly what: string;
  readonly hint: string;
  readonly source: string;
}

interface View {
  readonly image: SparkImage;
  readonly settings: ReadonlyMap<string, string>;
  readonly given: ReadonlySet<string>;
}

const WHOLE = /^\d+$/;

function version(text: string): readonly [number, number, number] {
  const [major = 0, minor = 0, patch = 0] = (text.match(/\d+/g) ?? []).map(Number);
  return [major, minor, patch];
}

function before(left: string, right: string): boolean {
  const [a, b] = [version(left), version(right)];
  for (const at of [0, 1, 2] as const) if (a[at] !== b[at]) return a[at] < b[at];
  return false;
}

/** A local path that is not below the folder; an address of a store is no local path. */
function outside(path: string, folder: string): boolean {
  const local = path.trim().replace(/^file:(\/\/)?/, '');
  if (local === '' || /^[a-z0-9+.-]+:/.test(local)) return false;
  return local.split('/').includes('..') || !local.startsWith(`${folder}/`);
}

const schemeOf = (path: string): string | undefined =>
  /^[a-z][a-z0-9+.-]*(?=:)/.exec(path.trim().toLowerCase())?.[0];

function onNode(path: string, defaultFs: string): boolean {
  return path.trim() !== '' && (schemeOf(path) ?? schemeOf(defaultFs) ?? 'file') === 'file';
}

function holds(condition: Condition, view: View): boolean {
  if ('all' in condition) return condition.all.every((part) => holds(part, view));
  if ('any' in condition) return condition.any.some((part) => holds(part, view));
  if ('not' in condition) return !holds(condition.not, view);
  if ('given' in condition) return condition.given.some((key) => view.given.has(key));
  if ('spark' in condition) {
    const { from, before: end } = condition.spark;
    const { spark } = view.image;
    return (from === undefined || !before(spark, from)) && (end === undefined || before(spark, end));
  }
  if ('jar' in condition) {
    const jar = view.image[condition.jar];
    if ('present' in condition) return (jar !== null) === condition.present;
    const other = view.image[condition.differs];
    return jar !== null && other !== null && jar !== other;
  }
  const found = view.settings.get(condition.setting);
  const value = (found ?? '').trim();
  if ('is' in condition) return condition.is.some((one) => one.toLowerCase() === value.toLowerCase());
  if ('begins' in condition) return condition.begins.some((start) => value.startsWith(start));
  if ('outside' in condition) {
    return (found ?? '').split(',').some((path) => outside(path, condition.outside));
  }
  if ('onNode' in condition)
    return onNode(found ?? '', view.settings.get('fs.defaultFS') ?? '') === condition.onNode;
  const other = view.settings.get(condition.above);
  if (found === undefined || other === undefined || !WHOLE.test(found) || !WHOLE.test(other)) return false;
  return BigInt(found) >= BigInt(other);
}

const HADOOP = 'spark.hadoop.';

/** Those with settings of their own. A bucket's name may have dots; what follows it begins with a word that S3A knows. */
function bucketsOf(settings: ReadonlyMap<string, string>): readonly string[] {
  const own = /^fs\.s3a\.bucket\.(.+?)\.(?:buffer|committer|threads|connection|endpoint)\.?/;
  const found = [...settings.keys()].map((key) => own.exec(key)?.[1]).filter((name) => name !== undefined);
  return [...new Set(found)].sort();
}

function ofBucket(settings: ReadonlyMap<string, string>, bucket: string): ReadonlyMap<string, string> {
  const own = `fs.s3a.bucket.${bucket}.`;
  const moved = [...settings]
    .filter(([key]) => key.startsWith(own))
    .map(([key, value]) => [`fs.s3a.${key.slice(own.length)}`, value] as const);
  return new Map([...settings, ...moved]);
}

/** What follows from node.json's spark.warehouse: where tables lie, and whatever path has no scheme. */
function placed(warehouse: string | undefined): readonly (readonly [string, string])[] {
  if (warehouse === undefined) return [];
  const bucket = warehouse.replace(/^s3a:\/\//, '').split('/')[0] ?? '';
  return [
    ['spark.sql.warehouse.dir', warehouse],
    ['fs.defaultFS', `s3a://${bucket}`],
  ];
}

/** Every refusal of a configuration; conf, warehouse: of node.json's spark. */
export function judgeSpark(
  { rules }: SparkRules,
  { settings }: SparkSettings,
  image: SparkImage,
  role: NodeConfig['role'],
  { conf, warehouse }: Pick<NodeConfig['spark'], 'conf' | 'warehouse'>,
): readonly Refusal[] {
  const given = Object.entries(conf).map(
    ([key, value]) => [key.startsWith(HADOOP) ? key.slice(HADOOP.length) : key, value] as const,
  );
  const nothing: View = { image, settings: new Map(), given: new Set() };
  const base = settings
    .filter(({ when }) => when === undefined || holds(when, nothing))
    .map(({ key, value }) => [key, value] as const);
  const inForce = new Map([...base, ...placed(warehouse), ...given]);
  const names = new Set(given.map(([key]) => key));
  return rules
    .filter(({ roles }) => roles === undefined || roles.includes(role))
    .flatMap((rule) => {
      const look = (bucket: string | null, view: View): Refusal[] => {
        if (!holds(rule.when, view)) return [];
        const { hadoop, hadoopAws, committer } = image;
        const texts = new Map([
          ...view.settings,
          ...Object.entries({ hadoop, hadoopAws, committer }).map(
            ([name, release]) => [name, release ?? 'missing'] as const,
          ),
        ]);
        const what = rule.what.replaceAll(/\{([\w.]+)\}/g, (_, key: string) => texts.get(key) ?? 'not set');
        return [
          {
            rule: rule.id,
            bucket,
            what: bucket === null ? what : `bucket ${bucket}: ${what}`,
            hint: rule.hint,
            source: rule.source,
          },
        ];
      };
      const everywhere = look(null, { image, settings: inForce, given: names });
      if (everywhere.length > 0 || rule.perBucket === undefined) return everywhere;
      return bucketsOf(inForce).flatMap((bucket) =>
        look(bucket, { image, settings: ofBucket(inForce, bucket), given: names }),
      );
    });
}
