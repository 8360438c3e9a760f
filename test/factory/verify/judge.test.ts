import { describe, expect, it } from 'vitest';
import { NodeConfig } from '../../../factory/contracts/node';
import { ImageRecord } from '../../../factory/contracts/record';
import { judge, type Observation } from '../../../factory/verify/judge';
import { seed } from '../../../factory/verify/node';
import { parseProofStatus, type ProofStatus } from '../../../factory/verify/status';
import { lastConsoleLine } from '../../../factory/verify/verify';
import { parse } from 'yaml';

const DIGEST = `sha256:${'d'.repeat(64)}`;
const CONTENT = `sha256:${'c'.repeat(64)}`;
const OTHER = `sha256:${'e'.repeat(64)}`;

const RECORD = ImageRecord.parse({
  version: 1,
  image: 'trial',
  digest: DIGEST,
  size: 1,
  contentId: CONTENT,
  lock: OTHER,
  layers: [],
  manifest: `sha256:${'d'.repeat(64)}`,
  partitions: [],
  rootHash: 'e'.repeat(64),
  versions: {},
  parents: [],
  bakedBy: { kiln: '0' },
});

const state = { source: '/dev/vda3', fstype: 'ext4' };

const SEAL = { rootHash: 'e'.repeat(64), intact: true, stops: true };

/** As a node of the real image says it (test/e2e/verify.test.ts boots one). */
const STATUS: ProofStatus = {
  version: 1,
  cluster: 'verify',
  role: 'standby',
  phase: 'ready',
  image: { digest: DIGEST, contentId: CONTENT, matches: true },
  scratch: {
    kind: 'disks',
    mounted: true,
    device: '/dev/md/kiln-scratch',
    members: ['/dev/nvme0n1', '/dev/nvme1n1'],
    sizeBytes: 1_000_000_000,
  },
  fault: null,
  timings: { validated: 1, ready: 2 },
  system: {
    state: 'running',
    failedUnits: [],
    target: { name: 'multi-user.target', active: true },
    seal: SEAL,
    root: { fstype: 'erofs', readOnly: true },
    overlays: {
      '/etc': { fstype: 'overlay', upper: '/run/kiln-state/etc', on: state },
      '/var': { fstype: 'overlay', upper: '/run/kiln-state/var', on: state },
    },
    scratch: { source: '/dev/md127', fstype: 'xfs', level: 'raid0', members: 2 },
    listening: [
      { protocol: 'tcp', address: '0.0.0.0', port: 22, program: 'sshd' },
      { protocol: 'udp', address: '127.0.0.53', port: 53, program: 'systemd-resolve' },
      { protocol: 'tcp', address: '127.0.0.1', port: 9477, program: 'kiln-exporter' },
    ],
  },
};

const SEEN: Observation = { diskDigest: DIGEST, status: STATUS, end: 'reported', seconds: 60 };
const SYSTEM = STATUS.system;
if (SYSTEM === undefined) throw new Error('no system');

const failing = (seen: Observation): string[] =>
  judge(RECORD, seen)
    .filter(({ ok }) => !ok)
    .map(({ name }) => name);

describe('the verdict on a boot', () => {
  it('holds when everything is as it must be', () => {
    expect(failing(SEEN)).toEqual([]);
    expect(judge(RECORD, SEEN).length).toBe(10);
  });

  it.each<[string, Partial<Observation>, string[]]>([
    ['another disk', { diskDigest: OTHER }, ['disk is the one recorded']],
    [
      'other content',
      { status: { ...STATUS, image: { digest: DIGEST, contentId: OTHER, matches: false } } },
      ['node knows its image'],
    ],
    ['a node that is not ready', { status: { ...STATUS, phase: 'started' } }, ['target reached']],
    [
      'a target that was not reached',
      { status: { ...STATUS, system: { ...SYSTEM, target: { name: 'multi-user.target', active: false } } } },
      ['target reached'],
    ],
    [
      'a failed unit',
      { status: { ...STATUS, system: { ...SYSTEM, failedUnits: ['ssh.service'] } } },
      ['no failed unit'],
    ],
    [
      'an array of one disk',
      {
        status: {
          ...STATUS,
          system: { ...SYSTEM, scratch: { source: '/dev/md127', fstype: 'xfs', level: 'raid0', members: 1 } },
        },
      },
      ['scratch is a mounted RAID0'],
    ],
    [
      'a mirror',
      {
        status: {
          ...STATUS,
          system: { ...SYSTEM, scratch: { source: '/dev/md127', fstype: 'xfs', level: 'raid1', members: 2 } },
        },
      },
      ['scratch is a mounted RAID0'],
    ],
    [
      'scratch that is said but not seen',
      { status: { ...STATUS, system: { ...SYSTEM, scratch: null } } },
      ['scratch is a mounted RAID0'],
    ],
    [
      'a root that can be written',
      { status: { ...STATUS, system: { ...SYSTEM, root: { fstype: 'ext4', readOnly: false } } } },
      ['root is read-only'],
    ],
    [
      'a port that nobody reviewed',
      {
        status: {
          ...STATUS,
          system: {
            ...SYSTEM,
            listening: [{ protocol: 'tcp', address: '0.0.0.0', port: 8080, program: 'java' }],
          },
        },
      },
      ['nothing listens that should not'],
    ],
    [
      'a reviewed port of another program',
      {
        status: {
          ...STATUS,
          system: { ...SYSTEM, listening: [{ protocol: 'tcp', address: '::', port: 22, program: 'nc' }] },
        },
      },
      ['nothing listens that should not'],
    ],
    [
      'a resolver that answers its neighbours',
      {
        status: {
          ...STATUS,
          system: {
            ...SYSTEM,
            listening: [{ protocol: 'udp', address: '0.0.0.0', port: 5355, program: 'systemd-resolve' }],
          },
        },
      },
      ['nothing listens that should not'],
    ],
    [
      'a root without a seal',
      { status: { ...STATUS, system: { ...SYSTEM, seal: null } } },
      ['root is sealed'],
    ],
    [
      "another root's seal",
      { status: { ...STATUS, system: { ...SYSTEM, seal: { ...SEAL, rootHash: 'f'.repeat(64) } } } },
      ['root is sealed'],
    ],
    [
      'a seal that was found broken',
      { status: { ...STATUS, system: { ...SYSTEM, seal: { ...SEAL, intact: false } } } },
      ['root is sealed'],
    ],
    [
      'a seal that lets changed blocks pass as errors',
      { status: { ...STATUS, system: { ...SYSTEM, seal: { ...SEAL, stops: false } } } },
      ['root is sealed'],
    ],
    [
      'an /etc that is in memory only, and a /var that is not laid over',
      {
        status: {
          ...STATUS,
          system: {
            ...SYSTEM,
            overlays: {
              '/etc': { fstype: 'overlay', upper: '/run/x', on: { source: 'tmpfs', fstype: 'tmpfs' } },
              '/var': null,
            },
          },
        },
      },
      ['/etc is kept on the state partition', '/var is kept on the state partition'],
    ],
  ])('says no to %s, and names only that', (_, change, names) => {
    expect(failing({ ...SEEN, ...change })).toEqual(names);
  });

  it.each([
    ['deadline', 'the deadline passed after 60 s, and the node never said anything'],
    ['machine-ended', 'the machine ended after 60 s, and the node never said anything'],
    ['panic', 'the kernel panicked after 60 s, and the node never said anything'],
  ] as const)('says no to a silent node, all along: %s', (end, detail) => {
    const checks = judge(RECORD, { ...SEEN, status: undefined, end });
    expect(checks.filter(({ ok }) => ok).map(({ name }) => name)).toEqual(['disk is the one recorded']);
    expect(checks.find(({ name }) => name === 'target reached')?.detail).toBe(detail);
  });

  it('gives the node’s own words for a fault', () => {
    const status: ProofStatus = {
      ...STATUS,
      phase: 'failed',
      fault: { unit: 'kiln-scratch.service', what: 'one of 2 disks is missing', where: null, hint: 'add it' },
    };
    const found = judge(RECORD, { ...SEEN, status }).find(({ name }) => name === 'target reached');
    expect(found).toMatchObject({
      ok: false,
      detail: 'kiln-scratch.service failed: one of 2 disks is missing (add it)',
    });
  });
});

describe('the status of a node under proof', () => {
  it('is read with and without a report, and from a node that knows nothing yet', () => {
    expect(parseProofStatus(JSON.stringify(STATUS))).toEqual(STATUS);
    const early = { ...STATUS, cluster: null, role: null, image: null, scratch: null, system: undefined };
    expect(parseProofStatus(JSON.stringify(early))).toMatchObject({ cluster: null });
    expect(parseProofStatus('{"version":2}')).toBeUndefined();
    expect(parseProofStatus('no json')).toBeUndefined();
  });
});

describe('the seed of a proof', () => {
  it('holds a valid node.json for a standby node of this image, and no secret', () => {
    const files = seed(RECORD, 'verify-1');
    const document = parse(files['user-data'] ?? '') as { write_files: { content: string }[] };
    const config = NodeConfig.parse(JSON.parse(document.write_files[0]?.content ?? ''));
    expect(config).toMatchObject({
      role: 'standby',
      image: { digest: DIGEST, contentId: CONTENT },
      scratch: { kind: 'disks', disks: 2, select: { serialPrefix: 'kiln-scratch-' } },
      secrets: { spark: { credential: 'spark-secret' } },
    });
    expect(parse(files['meta-data'] ?? '')).toMatchObject({ 'instance-id': 'verify-1' });
  });
});

describe('the last line of a console', () => {
  it.each([
    ['', undefined],
    ['\r\n\u001b[2J\n', undefined],
    ['one\r\n\u001b[0;32m  OK  \u001b[0m Reached target\r\n', 'OK   Reached target'],
    ['first\nsecond', 'second'],
  ])('of %j is %j', (console, line) => {
    expect(lastConsoleLine(console)).toBe(line);
  });
});
