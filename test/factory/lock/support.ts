import fc from 'fast-check';
import type { Input, Lock } from '../../../factory/contracts/lock';

const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const name = fc.stringMatching(/^[a-z][a-z0-9+.-]{1,9}$/);
const version = fc.stringMatching(/^[0-9][0-9.]{0,5}$/);

const common = { version, sha256: hex, size: fc.nat() };

/** Any input that the contract allows. */
export const anyInput: fc.Arbitrary<Input> = fc.oneof(
  fc.record({
    ...common,
    use: fc.constantFrom('os' as const, 'tools' as const),
    source: fc.constant('debian' as const),
    name,
    arch: fc.constantFrom('amd64' as const, 'all' as const),
    archive: fc.constantFrom('debian' as const, 'debian-security' as const),
    path: name.map((n) => `pool/main/${n}.deb`),
  }),
  fc.record({
    ...common,
    use: fc.constantFrom('spark' as const, 'code' as const, 'samples' as const),
    source: fc.constant('pypi' as const),
    name,
    file: name,
  }),
  fc.record({
    ...common,
    use: fc.constantFrom('hadoop' as const, 'jars' as const),
    source: fc.constant('maven' as const),
    name: name.map((n) => `org.example:${n}`),
    path: name.map((n) => `org/example/${n}.jar`),
  }),
  fc.record({
    ...common,
    use: fc.constant('conda' as const),
    source: fc.constant('conda' as const),
    name,
    build: name,
    channel: fc.stringMatching(/^[a-z][a-z0-9.-]{1,9}$/),
    subdir: fc.constantFrom('linux-64' as const, 'noarch' as const),
    file: name,
  }),
);

const choice = { value: 'x', reason: 'y' };

export const lockOf = (inputs: Input[], change: Partial<Lock> = {}): Lock => ({
  version: 1,
  image: 'spark-node',
  spec: `sha256:${'0'.repeat(64)}`,
  epoch: 1,
  choices: {
    spark: choice,
    debian: choice,
    java: choice,
    scala: choice,
    python: choice,
    hadoop: choice,
    sdk: choice,
    committer: choice,
    s3a: { value: 'shipped', reason: 'the test' },
    jars: { value: 'full', reason: 'the test' },
    sdkClasses: { value: 'full', reason: 'the test' },
    classData: { value: 'none', reason: 'the test' },
  },
  condaWithout: [],
  inputs,
  ...change,
});
