import { describe, expect, it } from 'vitest';
import { KilnError } from '../../../factory/errors';
import type { Declaration } from '../../../factory/publish/platform';
import { PLATFORMS } from '../../../factory/publish/platforms';
import { parseTarget } from '../../../factory/publish/target';
import { KEY } from './aws/support';

/** Where of a command line the faults are. */
async function faultsOf(
  to: readonly string[],
  options: Readonly<Record<string, unknown>> = {},
  platforms?: Readonly<Record<string, Declaration>>,
): Promise<readonly string[]> {
  const error: unknown = await parseTarget(to, options, platforms).catch((caught: unknown) => caught);
  if (!(error instanceof KilnError)) throw new Error('nothing is wrong with it');
  expect([error.code, error.exitCode]).toEqual(['publish-invalid', 2]);
  return error.faults.map(({ where, what }) => `${where}: ${what}`);
}

describe('what is asked for on the command line', () => {
  it('regions, accounts and keys, each once', async () => {
    const { platform, request } = await parseTarget(['aws:eu-central-1,us-east-1', 'aws:us-east-1'], {
      to: ['aws:eu-central-1,us-east-1', 'aws:us-east-1'],
      share: ['111122223333,444455556666'],
      whole: true,
      parallel: 64,
    });
    expect(platform.name).toBe('aws');
    expect(request).toEqual({
      regions: ['eu-central-1', 'us-east-1'],
      share: ['111122223333', '444455556666'],
      kmsKeys: new Map(),
      whole: true,
      verify: false,
      deprecate: true,
    });
  });

  it.each<[string, string[], Record<string, string[]>, string[]]>([
    ['another platform', ['gcp:x'], {}, ['--to gcp:x: must be aws:REGION, such as']],
    ['a word of every object', ['toString:x'], {}, ['--to toString:x: must be aws:REGION, such as']],
    ['no platform', ['eu-central-1', ':x'], {}, ['--to eu-central-1: must be', '--to :x: must be']],
    ['no region', ['aws:', 'aws:,'], {}, ['--to aws:: must be', '--to aws:,: must be']],
    [
      'a region that is none, an account that is none, and another platform',
      ['aws:europe', 'gcp:x'],
      { share: ['12'] },
      ['--to gcp:x: must be', '--to europe: must be a region', '--share 12: must be an account number'],
    ],
    [
      'an alias for a key',
      ['aws:eu-central-1'],
      { kmsKey: ['alias/x'] },
      ['--kms-key alias/x: must be the ARN', '--kms-key alias/x: is a key of '],
    ],
    ['a key of another region', ['aws:us-east-1'], { kmsKey: [KEY] }, [`--kms-key ${KEY}: is a key of`]],
    [
      'a region without a key',
      ['aws:eu-central-1,us-east-1'],
      { kmsKey: [KEY] },
      ['--to aws:us-east-1: has no key'],
    ],
  ])('%s is refused, every fault at once', async (_, to, options, faults) => {
    expect(await faultsOf(to, options)).toEqual(
      faults.map((fault) => expect.stringContaining(fault) as string),
    );
  });

  it('two platforms in one command are refused, neither being loaded', async () => {
    const load = (): never => {
      throw new Error('loaded');
    };
    const platforms = {
      aws: { ...PLATFORMS.aws, load },
      maas: { ...PLATFORMS.aws, example: 'maas:URL', load },
    };
    expect(await faultsOf(['aws:eu-central-1', 'maas:lab'], {}, platforms)).toEqual([
      '--to: names aws and maas: one platform at a time',
    ]);
    expect(await faultsOf(['gcp:x'], {}, platforms)).toEqual([
      expect.stringMatching(/^--to gcp:x: must be aws:REGION.*; or maas:URL$/),
    ]);
  });
});
