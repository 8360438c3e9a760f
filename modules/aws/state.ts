import { S3Backend } from 'cdktf';
import type { Construct } from 'constructs';

export interface StateProps {
  /** A bucket that AwsStateStack made, or one like it. */
  readonly bucket: string;
  /** @default the stack's */
  readonly region?: string;
}

/** Where a stack's state lies: every environment has a folder of its own. */
export const stateKey = (environment: string, stack: string): string => `${environment}/${stack}.tfstate`;

/** State in S3, encrypted, with a lock beside it: who comes second is told who is at work. */
export function s3State(
  scope: Construct,
  { bucket, region }: Required<StateProps>,
  account: string,
  key: string,
): void {
  new S3Backend(scope, {
    bucket,
    key,
    region,
    encrypt: true,
    allowedAccountIds: [account],
  }).addOverride('use_lockfile', true);
}
