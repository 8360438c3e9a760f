import { KilnError } from '../../errors';
import type { AwsError, AwsFault } from './api/aws-error';
import { formatDuration } from '../../units';

export interface Circumstances {
  /** What was being done: `starting the snapshot`. */
  readonly doing: string;
  readonly region: string;
  /** When it was tried again until time was up. */
  readonly tried?: { readonly times: number; readonly milliseconds: number };
}

interface Advice {
  /** Stable, for scripts. */
  readonly code: string;
  /** What it means, in a clause. */
  readonly means: string;
  readonly hint: (error: AwsError, region: string) => string;
}

const text = (hint: string) => (): string => hint;

/** What every kind of refusal means for a person, and the way out. */
const ADVICE: { readonly [Fault in AwsFault]: Advice } = {
  'no-credentials': {
    code: 'aws-no-credentials',
    means: 'there are no credentials for AWS',
    hint: text(
      'log in (aws sso login), name a profile (AWS_PROFILE=…), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    ),
  },
  'bad-credentials': {
    code: 'aws-bad-credentials',
    means: 'AWS does not know these credentials',
    hint: (_, region) =>
      'aws sts get-caller-identity says whose they are; a deleted or mistyped key is refused like this,\n' +
      `and so is every key where ${region} is not enabled for the account (aws account list-regions)`,
  },
  expired: {
    code: 'aws-expired',
    means: 'the credentials have expired',
    hint: text('log in again (aws sso login), then run the same command: it resumes where it stopped'),
  },
  denied: {
    code: 'aws-denied',
    means: 'this identity may not do that',
    hint: ({ message }) =>
      [
        'docs/aws-images.md has the policy that publishing needs; an SCP or permission boundary can deny it, too',
        ...(/encoded authorization failure message/i.test(message)
          ? ['aws sts decode-authorization-message --encoded-message … says which rule it was']
          : []),
      ].join('\n'),
  },
  kms: {
    code: 'aws-kms',
    means: 'the KMS key cannot be used',
    hint: text(
      'it must be enabled, in the same region, and its policy must let this identity use it through EBS\n' +
        '(kms:DescribeKey, GenerateDataKeyWithoutPlaintext, Decrypt, ReEncrypt*, CreateGrant): docs/aws-images.md',
    ),
  },
  limit: {
    code: 'aws-limit',
    means: "a limit of the account's is reached",
    hint: (_, region) =>
      `have it raised (Service Quotas in ${region}), or make room: kiln publish names snapshots that failed runs left`,
  },
  'no-capacity': {
    code: 'aws-no-capacity',
    means: 'AWS has no machines of that kind there now',
    hint: text(
      'name further instance types or subnets in other zones, or try later; nothing on this side is wrong',
    ),
  },
  'wrong-region': {
    code: 'aws-wrong-region',
    means: 'the region does not exist or is not enabled for this account',
    hint: (_, region) => `is ${region} spelt right? aws account list-regions says which are enabled`,
  },
  clock: {
    code: 'aws-signature',
    means: 'AWS refuses the signature',
    hint: text("is this machine's clock right (timedatectl)? A wrong secret key is refused like this, too"),
  },
  throttled: {
    code: 'aws-throttled',
    means: 'AWS refuses it for its rate',
    hint: text(
      'what was sent is kept: run the same command again later, or with a smaller --parallel; Service Quotas raises\nEBS direct: PutSnapshotBlock requests per account',
    ),
  },
  unavailable: {
    code: 'aws-unavailable',
    means: 'AWS does not answer as it should',
    hint: text('what was sent is kept: run the same command again within the hour'),
  },
  unreachable: {
    code: 'aws-unreachable',
    means: 'AWS cannot be reached',
    hint: (_, region) =>
      `is ${region} spelt right, and does this machine reach its endpoints (HTTPS_PROXY, DNS, AWS_ENDPOINT_URL)?`,
  },
  missing: {
    code: 'aws-missing',
    means: 'what it is about is not there',
    hint: text('somebody removed it meanwhile: run the same command again to see what is left to do'),
  },
  taken: {
    code: 'aws-name-taken',
    means: 'the name is taken',
    hint: text('run the same command again: it looks at what has the name'),
  },
  conflict: {
    code: 'aws-conflict',
    means: 'it contradicts what is there or under way',
    hint: text('run the same command again to see what is left to do'),
  },
  invalid: {
    code: 'aws-refused',
    means: 'AWS refuses the request',
    hint: text(
      'its own words are above; if they make no sense for what you asked, this is an internal error of kiln',
    ),
  },
};

/** An answer of AWS as a person reads it: what, where, why, and what to do. */
export function explainAws(error: AwsError, { doing, region, tried }: Circumstances): KilnError {
  const { code, means, hint } = ADVICE[error.fault];
  const again = tried === undefined ? '' : `, ${tried.times} times in ${formatDuration(tried.milliseconds)}`;
  const status = error.status === undefined ? '' : ` ${error.status}`;
  return new KilnError({
    code,
    what: `${doing} in ${region}: ${means}${again} (${error.code}${status}: ${shortened(error.message)})`,
    hint: hint(error, region),
    cause: error,
  });
}

/** Encoded authorization messages run to kilobytes. */
const shortened = (message: string): string => (message.length > 300 ? `${message.slice(0, 300)}…` : message);

/** Failures after which the same command, later, resumes where this one stopped. */
const PASSING: ReadonlySet<string> = new Set([
  ...(['throttled', 'unavailable', 'unreachable', 'expired', 'no-credentials', 'clock'] as const).map(
    (fault) => ADVICE[fault].code,
  ),
  'aws-slow',
]);

export const isPassing = (error: unknown): boolean => error instanceof KilnError && PASSING.has(error.code);
