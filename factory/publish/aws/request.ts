import { z } from 'zod';
import { AwsAccount, AwsRegion, KmsKeyArn } from '../../contracts/publications/aws';
import type { Fault } from '../../errors';

export interface Asked {
  /** The first gets the disk, the others copies of its AMI. */
  readonly regions: readonly string[];
  readonly share: readonly string[];
  /** Region -> ARN. */
  readonly kmsKeys: ReadonlyMap<string, string>;
  /** Send the whole disk, whatever is there. */
  readonly whole: boolean;
  /** Read back every block. */
  readonly verify: boolean;
  /** Deprecate with the channels. */
  readonly deprecate: boolean;
}

/** Options of `kiln publish` that it takes, as the command line has them. */
const Options = z.object({
  share: z.array(z.string()).default([]),
  kmsKey: z.array(z.string()).default([]),
  whole: z.boolean().default(false),
  verify: z.boolean().default(false),
  deprecate: z.boolean().default(true),
});

const split = (words: readonly string[]): readonly string[] =>
  words.flatMap((word) => word.split(',')).filter((word) => word !== '');

/** What a command line asks for; every fault is pushed, and then there is no request. */
export function askedFor(
  regions: readonly string[],
  options: Readonly<Record<string, unknown>>,
  faults: Fault[],
): Asked | undefined {
  const { share, kmsKey, whole, verify, deprecate } = Options.parse(options);
  const before = faults.length;
  const check = (schema: z.ZodType, word: string, where: string): void => {
    const result = schema.safeParse(word);
    if (!result.success)
      faults.push({ where: `${where} ${word}`, what: result.error.issues[0]?.message ?? 'is wrong' });
  };
  const accounts = [...new Set(split(share))];
  const keys = split(kmsKey);
  for (const region of regions) check(AwsRegion, region, '--to');
  for (const account of accounts) check(AwsAccount, account, '--share');
  for (const key of keys) check(KmsKeyArn, key, '--kms-key');
  const kmsKeys = keysByRegion(keys, regions, faults);
  if (keys.length > 0 && faults.length === before) {
    for (const region of regions.filter((each) => !kmsKeys.has(each)))
      faults.push({
        where: `--to aws:${region}`,
        what: 'has no key: keys are of one region, name one for each',
      });
  }
  return faults.length === before
    ? { regions, share: accounts, kmsKeys, whole, verify, deprecate }
    : undefined;
}

function keysByRegion(
  keys: readonly string[],
  regions: readonly string[],
  faults: Fault[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const key of keys) {
    const region = key.split(':')[3] ?? '';
    if (found.has(region)) faults.push({ where: `--kms-key ${key}`, what: `is a second key of ${region}` });
    else if (!regions.includes(region))
      faults.push({ where: `--kms-key ${key}`, what: `is a key of ${region}, which --to does not name` });
    found.set(region, key);
  }
  return found;
}
