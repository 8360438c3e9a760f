import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NodeConfig } from '../../factory/contracts/node';

/*
 * What synthesises is what a node accepts: the contract in TypeScript and the validator in Python judge the same
 * documents, valid ones and ones that were changed in any place.
 */

const HOME = resolve(__dirname, '..', '..');

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}[a-z0-9]$/);
const bucket = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{1,20}[a-z0-9]$/);
const digest = fc.stringMatching(/^sha256:[0-9a-f]{64}$/);
const region = fc.constantFrom('eu-central-1', 'us-gov-west-1', 'ap-southeast-2');
const text = fc.string({ minLength: 1, unit: 'binary' });
const secret: fc.Arbitrary<Json> = fc.oneof(
  fc.record({ file: fc.string({ minLength: 1 }).map((path) => `/${path.replaceAll('\0', '')}x`) }),
  fc.record({ credential: fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,63}$/) }),
  fc.record({ ssm: fc.stringMatching(/^(\/[A-Za-z0-9_.-]{1,5}){1,3}$/), region }),
);
const buckets = fc.array(bucket, { minLength: 1, maxLength: 3 });
const store: fc.Arbitrary<Json> = fc.oneof(
  fc.record({ kind: fc.constant('aws'), name, region, buckets }),
  fc.record(
    {
      kind: fc.constant('rgw'),
      name,
      endpoint: fc.constantFrom('https://10.213.0.1:7443', 'https://store.example'),
      buckets,
      accessKey: secret,
      secretKey: secret,
      ca: secret,
    },
    { requiredKeys: ['kind', 'name', 'endpoint', 'buckets', 'accessKey', 'secretKey'] },
  ),
);
const scratch: fc.Arbitrary<Json> = fc.oneof(
  fc.record({ kind: fc.constant('directory') }),
  fc.record(
    {
      kind: fc.constant('disks'),
      select: fc.oneof(
        fc.record({ model: text }),
        fc.record({ serialPrefix: text }),
        fc.record({ serials: fc.array(text, { minLength: 1 }) }),
        fc.record({ wwns: fc.array(text, { minLength: 1 }) }),
        fc.record({ minGiB: fc.integer({ min: 1 }), maxGiB: fc.integer({ min: 1 }) }),
      ),
      disks: fc.integer({ min: 1, max: 64 }),
      deadline: fc.integer({ min: 1, max: 600 }),
      missing: fc.constantFrom('fail', 'degrade'),
      erase: fc.array(text),
    },
    { requiredKeys: ['kind', 'select', 'disks', 'deadline', 'missing'] },
  ),
);
const setting = fc.oneof(
  { weight: 9, arbitrary: fc.stringMatching(/^spark\.[A-Za-z0-9._-]{1,12}$/) },
  { weight: 1, arbitrary: fc.constantFrom('spark.authenticate', 'spark.authenticate.secret') },
);
/** What the schema accepts; the rules beyond it may still refuse it. */
const fields = fc.record({
  version: fc.constant(1),
  cluster: name,
  role: fc.constantFrom('master', 'worker', 'history', 'notebook', 'driver', 'standby'),
  master: fc.record({
    host: fc.constantFrom('10.213.0.10', 'master.night'),
    port: fc.integer({ min: 1, max: 65535 }),
  }),
  image: fc.record({ digest, contentId: digest }),
  scratch,
  stores: fc.array(store, { maxLength: 3 }),
  secrets: fc.record({ spark: secret, notebook: secret }, { requiredKeys: ['spark'] }),
  spark: fc.record(
    {
      conf: fc.dictionary(setting, fc.string(), { maxKeys: 4, noNullPrototype: true }),
      worker: fc.record({ cores: fc.integer({ min: 1, max: 1024 }), memoryMiB: fc.integer({ min: 512 }) }),
      executorCores: fc.integer({ min: 1, max: 1024 }),
      leastFreeMiB: fc.integer({ min: 1 }),
      notebook: fc.record(
        {
          idleSeconds: fc.integer({ min: 1, max: 86_400 }),
          idleWithDataSeconds: fc.integer({ min: 1, max: 604_800 }),
        },
        { requiredKeys: [] },
      ),
      leave: fc.record(
        {
          notice: fc.constantFrom('none', 'ec2'),
          seconds: fc.integer({ min: 5, max: 3600 }),
          hook: fc.record({
            group: fc.stringMatching(/^[A-Za-z0-9._-]{1,40}$/),
            name: fc.constantFrom('drain', 'a b'),
            region: fc.constantFrom('eu-central-1', 'nowhere'),
          }),
        },
        { requiredKeys: ['notice', 'seconds'] },
      ),
    },
    { requiredKeys: ['conf'] },
  ),
});

/** Some have a warehouse, mostly in a bucket of theirs. */
const document: fc.Arbitrary<Json> = fc
  .tuple(
    fields,
    fc.constantFrom('warehouse', 'a/b_c', 'a=1/-', null, null, null, null, null),
    fc.nat(),
    fc.nat({ max: 29 }),
  )
  .map(([made, path, which, luck]) => {
    const all = made.stores.flatMap((one) => (one as { buckets: string[] }).buckets);
    const own = luck === 0 ? 'nowhere' : all[which % Math.max(all.length, 1)];
    if (path === null || own === undefined) return made;
    return { ...made, spark: { ...made.spark, warehouse: `s3a://${own}/${path}` } };
  });

/** Every place of a document, as the keys that lead there; the document itself comes first. */
function places(value: Json, above: readonly string[] = []): (readonly string[])[] {
  if (value === null || typeof value !== 'object') return [above];
  return [above, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...above, key]))];
}

/** The document with the value at a place replaced, taken away (undefined), or a key added beside it. */
function changed(value: Json, place: readonly string[], put: Json | undefined, extra: boolean): Json {
  const copy = structuredClone(value);
  if (place.length === 0) return put ?? null;
  let at = copy as Record<string, Json>;
  for (const key of place.slice(0, -1)) at = at[key] as Record<string, Json>;
  const last = place.at(-1) ?? '';
  if (extra && !Array.isArray(at)) at[`${last}x`] = put ?? null;
  else if (put !== undefined) at[last] = put;
  else if (Array.isArray(at)) at.splice(Number(last), 1);
  else Reflect.deleteProperty(at, last);
  return copy;
}

const odd: fc.Arbitrary<Json | undefined> = fc.oneof(
  fc.constantFrom<Json | undefined>(
    undefined,
    null,
    '',
    0,
    -1,
    1.5,
    1e300,
    true,
    [],
    {},
    'x\n',
    '/',
    'sha256:',
    65536,
  ),
  fc.constantFrom<Json>(
    'directory',
    'disks',
    'aws',
    'rgw',
    { kind: 'aws' },
    { file: '/a' },
    { file: '/a', ssm: '/b' },
    's3a://flights',
    's3a://flights/a/',
    's3a://flights/a/../b',
    's3a://flights/a b',
    'file:///a',
  ),
  fc.string(),
  fc.integer(),
);
const mutated: fc.Arbitrary<Json> = fc
  .tuple(document, fc.nat(), odd, fc.boolean())
  .map(([valid, which, put, extra]) => {
    const all = places(valid);
    return changed(valid, all[which % all.length] ?? [], put, extra && put !== undefined);
  });

/** The first key of every place at fault, empty for the whole document. */
const parts = (paths: readonly string[]): string[] =>
  [...new Set(paths.map((path) => path.split(/[.[]/)[0] ?? ''))].sort();

function nodeFaults(lines: readonly string[]): string[][] {
  const out = execFileSync(
    join(HOME, '.venv/bin/python'),
    [join(HOME, 'test/node/check_documents.py'), join(HOME, 'test/node/node.schema.json')],
    {
      input: `${lines.join('\n')}\n`,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      env: { PYTHONPATH: join(HOME, 'images/rootfs/usr/lib/kiln'), PYTHONDONTWRITEBYTECODE: '1' },
    },
  );
  return out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as string[]);
}

describe('synth and node agree', { timeout: 120_000 }, () => {
  it.each([
    ['what was made to be valid', document, 2000],
    ['what was changed in one place', mutated, 6000],
  ] as const)('on %s, document by document', (_, arbitrary, count) => {
    const documents = fc.sample(arbitrary, count);
    const lines = documents.map((one) => JSON.stringify(one));
    const answers = nodeFaults(lines);
    expect(answers.length).toBe(count);

    const verdicts = lines.map((line) => NodeConfig.safeParse(JSON.parse(line)));
    const disagreements = lines.filter((_, i) => verdicts[i]?.success !== (answers[i]?.length === 0));
    expect(disagreements.slice(0, 3)).toEqual([]);

    const elsewhere = lines.flatMap((line, i) => {
      const all = verdicts[i]?.error?.issues ?? [];
      // The rules beyond the shape: the node asks them of a right shape only.
      const shape = all.filter(({ code }) => code !== 'custom');
      const issues = shape.length > 0 ? shape : all;
      const synth = parts(
        issues.flatMap(({ path, ...issue }) => {
          const keys = 'keys' in issue && path.length === 0 ? issue.keys : [];
          return keys.length > 0 ? keys : [String(path[0] ?? '')];
        }),
      );
      const node = parts(answers[i] ?? []);
      return JSON.stringify(synth) === JSON.stringify(node) ? [] : [{ synth, node, line }];
    });
    expect(elsewhere.slice(0, 3)).toEqual([]);

    const refused = answers.filter((faults) => faults.length > 0).length;
    // A generator that makes only one kind would prove nothing.
    expect(refused).toBeGreaterThan(count / 50);
    expect(count - refused).toBeGreaterThan(count / 50);
  });
});
