import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NodeConfig } from '../../factory/contracts/node';
import { faultsOf } from '../../modules/faults';

const DIGEST = `sha256:${'0'.repeat(64)}`;
const GOOD = {
  version: 1,
  cluster: 'local',
  role: 'worker',
  master: { host: '10.213.0.10', port: 7077 },
  image: { digest: DIGEST, contentId: DIGEST },
  scratch: { kind: 'directory' },
  stores: [
    {
      kind: 'rgw',
      name: 'local',
      endpoint: 'https://10.213.0.1:7443',
      buckets: ['flights'],
      accessKey: { credential: 'store-access-key' },
      secretKey: { file: '/run/secret' },
    },
  ],
  secrets: { spark: { credential: 'spark-secret' } },
  spark: { conf: {} },
};

/** The good document with one value changed, by its dotted path. */
function changed(path: string, value: unknown): unknown {
  const copy: unknown = structuredClone(GOOD);
  const keys = path.split('.');
  let at = copy as Record<string, unknown>;
  for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[keys.at(-1) ?? ''] = value;
  return copy;
}

describe('faults of node.json', () => {
  it('are none in a good one', () => {
    expect(faultsOf(NodeConfig, GOOD, 'node.json')).toEqual([]);
  });

  it.each([
    ['role', 'boss', /^node\.json: role: .*"master"\|"worker"/],
    ['master.port', 0, /^node\.json: master\.port: /],
    ['image.digest', 'latest', /^node\.json: image\.digest: must be sha256: followed by 64/],
    ['sneaky', 1, /^node\.json: Unrecognized key: "sneaky"/],
    ['spark.conf', { 'hive.x': '1' }, /^node\.json: spark\.conf\.hive\.x: /],
    ['stores.0.endpoint', 'http://10.213.0.1:7443', /^node\.json: stores\.0\.endpoint: must be https:/],
    [
      'stores.0.accessKey',
      { credential: '../etc' },
      /^node\.json: stores\.0\.accessKey\.credential: must be a credential/,
    ],
    [
      'scratch',
      { kind: 'disks', select: { model: 'x' }, disks: 0, deadline: 1, missing: 'fail' },
      /^node\.json: scratch\.disks: /,
    ],
  ])('name the path and the reason: %s', (path, value, expected) => {
    const faults = faultsOf(NodeConfig, changed(path, value), 'node.json');
    expect(faults).toEqual([expect.stringMatching(expected)]);
  });

  it('are all told, and none exactly when the schema accepts', () => {
    expect(
      faultsOf(NodeConfig, { ...GOOD, role: 'boss', cluster: 'A', version: 2 }, 'node.json'),
    ).toHaveLength(3);
    const paths = ['role', 'cluster', 'master.host', 'scratch', 'stores.0.kind', 'spark.worker', 'image'];
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        const document = changed(path, value);
        const faults = faultsOf(NodeConfig, document, 'node.json');
        expect(faults.length === 0).toBe(NodeConfig.safeParse(document).success);
      }),
    );
  });
});
