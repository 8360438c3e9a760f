import type { z } from 'zod';
import { AwsAccount, AwsRegion, KmsKeyArn } from '../../contracts/publication';
import { type Fault, KilnError } from '../../errors';
import type { Asked } from './plan/plan-publish';

export interface Words {
  /** `aws:eu-central-1,eu-west-1`; several of them count as one. */
  readonly to: readonly string[];
  readonly share: readonly string[];
  readonly kmsKey: readonly string[];
}

const split = (words: readonly string[]): readonly string[] =>
  words.flatMap((word) => word.split(',')).filter((word) => word !== '');

/**
 * What a command line asks for, every fault in one go.
 * @throws KilnError `publish-invalid`.
 */
export function askedFor({ to, share, kmsKey }: Words): Pick<Asked, 'regions' | 'share' | 'kmsKeys'> {
  const faults: Fault[] = [];
  const check = (schema: z.ZodType, word: string, where: string): void => {
    const result = schema.safeParse(word);
    if (!result.success)
      faults.push({ where: `${where} ${word}`, what: result.error.issues[0]?.message ?? 'is wrong' });
  };
  const regions = [...new Set(to.flatMap((word) => regionsOf(word, faults)))];
  const accounts = [...new Set(split(share))];
  const keys = split(kmsKey);
  for (const region of regions) check(AwsRegion, region, '--to');
  for (const account of accounts) check(AwsAccount, account, '--share');
  for (const key of keys) check(KmsKeyArn, key, '--kms-key');
  const kmsKeys = new Map<string, string>();
  for (const key of keys) {
    const region = key.split(':')[3] ?? '';
    if (kmsKeys.has(region)) faults.push({ where: `--kms-key ${key}`, what: `is a second key of ${region}` });
    else if (!regions.includes(region))
      faults.push({ where: `--kms-key ${key}`, what: `is a key of ${region}, which --to does not name` });
    kmsKeys.set(region, key);
  }
  if (keys.length > 0 && faults.length === 0) {
    for (const region of regions.filter((each) => !kmsKeys.has(each)))
      faults.push({
        where: `--to aws:${region}`,
        what: 'has no key: keys are of one region, name one for each',
      });
  }
  if (faults.length === 0) return { regions, share: accounts, kmsKeys };
  throw new KilnError({
    code: 'publish-invalid',
    what: 'this cannot be published',
    hint: 'kiln publish --help has examples',
    exitCode: 2,
    faults,
  });
}

function regionsOf(word: string, faults: Fault[]): readonly string[] {
  const [kind, rest] = [word.slice(0, word.indexOf(':')), word.slice(word.indexOf(':') + 1)];
  if (kind === 'aws' && rest !== '') return split([rest]);
  faults.push({
    where: `--to ${word}`,
    what: 'must be aws:REGION, such as aws:eu-central-1 or aws:eu-central-1,us-east-1',
  });
  return [];
}
