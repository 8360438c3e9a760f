import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../../factory/publish/aws/api/aws-error';
import { awsError } from '../../../../factory/publish/aws/api/aws-sdk';
import { FakePause } from '../../../../factory/ports/machine/pause-fake';
import { explainAws, isPassing } from '../../../../factory/publish/aws/errors';
import { persist } from '../../../../factory/publish/aws/persist';

const region = 'eu-central-1';

describe('what AWS answers, and what a person is told', () => {
  it('a block that was lost on its way is sent again, though AWS calls the request invalid', async () => {
    let tries = 0;
    const answer = await persist(
      'sending a block',
      () => {
        tries += 1;
        return tries < 3
          ? Promise.reject(new AwsError('ValidationException', 'Failed to read block data', 400))
          : Promise.resolve('kept');
      },
      { pause: new FakePause(), region },
    );
    expect([answer, tries]).toEqual(['kept', 3]);
  });

  it.each([
    ['InsufficientInstanceCapacity', 500, undefined, 'aws-no-capacity', 'other zones'],
    ['InsufficientCapacity', 500, undefined, 'aws-no-capacity', 'try later'],
    ['SnapshotLimitExceeded', 400, undefined, 'aws-limit', 'Service Quotas in eu-central-1'],
    ['PendingSnapshotLimitExceeded', 400, undefined, 'aws-limit', 'make room'],
    ['ConcurrentLimitExceededException', 400, undefined, 'aws-limit', 'make room'],
    ['ServiceQuotaExceededException', 402, 'DEPENDENCY_SERVICE_QUOTA_EXCEEDED', 'aws-limit', 'raised'],
    ['VcpuLimitExceeded', 400, undefined, 'aws-limit', 'raised'],
    ['AccessDeniedException', 403, 'UNAUTHORIZED_ACCOUNT', 'aws-denied', 'docs/aws-images.md'],
    ['AccessDeniedException', 403, 'DEPENDENCY_ACCESS_DENIED', 'aws-kms', 'CreateGrant'],
    ['UnauthorizedOperation', 403, undefined, 'aws-denied', 'SCP'],
    ['SomethingNew', 403, undefined, 'aws-denied', 'docs/aws-images.md'],
    ['ValidationException', 400, 'INVALID_CUSTOMER_KEY', 'aws-kms', 'same region'],
    ['RequestThrottledException', 400, 'ACCOUNT_THROTTLED', 'aws-throttled', '--parallel'],
    ['RequestLimitExceeded', 503, undefined, 'aws-throttled', 'again later'],
    ['ThrottlingException', 400, undefined, 'aws-throttled', 'again later'],
    ['SomethingNew', 429, undefined, 'aws-throttled', 'again later'],
    ['ExpiredTokenException', 403, undefined, 'aws-expired', 'aws sso login'],
    ['RequestExpired', 400, undefined, 'aws-expired', 'resumes where it stopped'],
    ['AuthFailure', 401, undefined, 'aws-bad-credentials', 'eu-central-1 is not enabled'],
    ['UnrecognizedClientException', 403, undefined, 'aws-bad-credentials', 'get-caller-identity'],
    ['OptInRequired', 401, undefined, 'aws-wrong-region', 'list-regions'],
    ['ENOTFOUND', undefined, undefined, 'aws-unreachable', 'spelt right'],
    ['ECONNREFUSED', undefined, undefined, 'aws-unreachable', 'AWS_ENDPOINT_URL'],
    ['CredentialsProviderError', undefined, undefined, 'aws-no-credentials', 'AWS_PROFILE'],
    ['SignatureDoesNotMatch', 403, undefined, 'aws-signature', 'clock'],
    ['InternalServerException', 500, undefined, 'aws-unavailable', 'again within the hour'],
    ['SomethingNew', 502, undefined, 'aws-unavailable', 'again'],
    ['ECONNRESET', undefined, undefined, 'aws-unavailable', 'again'],
    ['ConflictException', 503, undefined, 'aws-conflict', 'run the same command again'],
    ['InvalidAMIName.Duplicate', 400, undefined, 'aws-name-taken', 'again'],
    ['ResourceNotFoundException', 404, 'SNAPSHOT_NOT_FOUND', 'aws-missing', 'meanwhile'],
    ['ValidationException', 400, 'INVALID_BLOCK', 'aws-refused', 'its own words'],
  ])('%s %s %s is %s', (code, status, reason, wanted, hint) => {
    const error = explainAws(new AwsError(code, 'in its own words', status, reason), {
      doing: 'starting the snapshot',
      region,
    });
    expect(error.code).toBe(wanted);
    expect(error.message).toContain('starting the snapshot in eu-central-1');
    expect(error.message).toContain('in its own words');
    expect(error.hint).toContain(hint);
    expect(error.exitCode).toBe(3);
  });

  it('an encoded authorization message is cut, and how to read it is told', () => {
    const message = `You are not authorized. Encoded authorization failure message: ${'x'.repeat(2000)}`;
    const error = explainAws(new AwsError('UnauthorizedOperation', message, 403), { doing: 'a', region });
    expect(error.message.length).toBeLessThan(500);
    expect(error.hint).toContain('decode-authorization-message');
  });

  it.each([
    ['aws-throttled', 'RequestLimitExceeded', true],
    ['aws-expired', 'ExpiredToken', true],
    ['aws-denied', 'UnauthorizedOperation', false],
    ['aws-limit', 'SnapshotLimitExceeded', false],
  ])('after %s, what was sent is kept: %s: %s', (_, code, kept) => {
    expect(isPassing(explainAws(new AwsError(code, '', 400), { doing: 'a', region }))).toBe(kept);
  });
});

describe('what the SDK throws', () => {
  const thrown = (name: string, more: object): Error => Object.assign(new Error('words'), { name, ...more });

  it.each([
    [
      'a service error keeps its name, status and reason',
      thrown('ValidationException', { $metadata: { httpStatusCode: 400 }, Reason: 'INVALID_BLOCK' }),
      { code: 'ValidationException', status: 400, reason: 'INVALID_BLOCK', fault: 'invalid' },
    ],
    [
      'a network error is known by its code',
      thrown('Error', { code: 'ECONNREFUSED' }),
      { fault: 'unreachable' },
    ],
    [
      'so is one that is the cause of another',
      thrown('Error', { cause: thrown('Error', { code: 'ENOTFOUND' }) }),
      { fault: 'unreachable' },
    ],
    ['a time-out', thrown('TimeoutError', { $metadata: {} }), { fault: 'unavailable' }],
    ['no credentials', thrown('CredentialsProviderError', {}), { fault: 'no-credentials' }],
  ])('%s', (_, error, wanted) => {
    expect(awsError(error)).toMatchObject(wanted);
  });
});

describe('trying again', () => {
  const failing = (pause: FakePause, error: AwsError, times = Infinity) => {
    const at: number[] = [];
    const call = (): Promise<string> => {
      at.push(pause.now());
      return at.length <= times ? Promise.reject(error) : Promise.resolve('done');
    };
    return { at, call };
  };

  it.each([
    ['RequestLimitExceeded', 503],
    ['InternalServerException', 500],
    ['ECONNRESET', undefined],
  ])('%s is tried again until it works', async (code, status) => {
    const pause = new FakePause();
    const { call } = failing(pause, new AwsError(code, '', status), 5);
    await expect(persist('a', call, { pause, region })).resolves.toBe('done');
  });

  it.each([
    ['UnauthorizedOperation', 403],
    ['ExpiredToken', 400],
    ['ValidationException', 400],
    ['SnapshotLimitExceeded', 400],
    ['InsufficientInstanceCapacity', 500],
    ['ENOTFOUND', undefined],
  ])('%s is not', async (code, status) => {
    const pause = new FakePause();
    const { at, call } = failing(pause, new AwsError(code, '', status));
    await expect(persist('a', call, { pause, region })).rejects.toThrow(code);
    expect(at).toHaveLength(1);
  });

  it('nothing is tried for ever, and waits grow with chance', async () => {
    const pause = new FakePause();
    const { at, call } = failing(pause, new AwsError('RequestLimitExceeded', '', 503));
    await expect(persist('a', call, { pause, region })).rejects.toThrow(/\d+ times in [12] min/);
    expect(at.at(-1)).toBeLessThanOrEqual(120_000);
    const waits = at.slice(1).map((each, index) => each - (at[index] ?? 0));
    expect(Math.max(...waits)).toBeLessThanOrEqual(10_001);
    expect(new Set(waits.map(Math.round)).size).toBeGreaterThan(waits.length / 2);
  });
});
