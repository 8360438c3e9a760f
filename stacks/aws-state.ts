import { AwsProvider } from '@cdktf/provider-aws/lib/provider';
import { S3BucketLifecycleConfiguration } from '@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration';
import { S3BucketPublicAccessBlock } from '@cdktf/provider-aws/lib/s3-bucket-public-access-block';
import { S3BucketServerSideEncryptionConfigurationA } from '@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration';
import { S3BucketVersioningA } from '@cdktf/provider-aws/lib/s3-bucket-versioning';
import { S3Bucket } from '@cdktf/provider-aws/lib/s3-bucket';
import { TerraformOutput, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import { placeFaults } from '../modules/aws/place';
import { holdToRules } from '../modules/aws/policy/guard';
import { tagAll } from '../modules/aws/tags';
import { localBackend } from '../modules/local-backend';

export interface AwsStateProps {
  readonly account: string;
  readonly region: string;
  /** Name of the bucket, unique in the world. */
  readonly bucket: string;
  /** Days that an old state is kept. @default 90 */
  readonly keep?: number;
}

/**
 * The bucket that the state of all other stacks lies in: deployed once, by hand. Its own state is a file
 * beside factory.yaml; the bucket cannot be destroyed as long as it holds anything.
 */
export class AwsStateStack extends TerraformStack {
  constructor(scope: Construct, id: string, props: AwsStateProps) {
    super(scope, id);
    const { account, region, bucket: name, keep = 90 } = props;
    localBackend(this);
    new AwsProvider(this, 'aws', { region, allowedAccountIds: [account] });
    tagAll(this, { 'kiln:stack': id, 'kiln:environment': 'all' });

    const bucket = new S3Bucket(this, 'state', { bucket: name, forceDestroy: false, tags: { Name: name } });
    new S3BucketPublicAccessBlock(this, 'private', {
      bucket: bucket.id,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    new S3BucketServerSideEncryptionConfigurationA(this, 'encrypted', {
      bucket: bucket.id,
      rule: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }],
    });
    const versions = new S3BucketVersioningA(this, 'versions', {
      bucket: bucket.id,
      versioningConfiguration: { status: 'Enabled' },
    });
    new S3BucketLifecycleConfiguration(this, 'old', {
      bucket: bucket.id,
      rule: [
        {
          id: 'old-states',
          status: 'Enabled',
          filter: [{ prefix: '' }],
          noncurrentVersionExpiration: [{ noncurrentDays: keep }],
        },
      ],
      dependsOn: [versions],
    });
    this.node.addValidation({ validate: () => placeFaults({ account, region }) });
    holdToRules(this);
    const out = new TerraformOutput(this, 'bucket', {
      value: bucket.bucket,
      description: 'For state: { bucket }',
    });
    out.overrideLogicalId('bucket');
  }
}
