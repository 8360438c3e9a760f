import { VpcEndpoint } from '@cdktf/provider-aws/lib/vpc-endpoint';
import { Construct } from 'constructs';
import { endpointPolicy } from './iam';
import { bucketStatements } from './buckets';
import type { BucketAccess } from './buckets';
import type { AwsPlace } from './place';

export interface S3PrivateEndpointProps {
  readonly vpc: string;
  readonly routeTables: readonly string[];
  readonly buckets: readonly BucketAccess[];
  readonly name: string;
}

/**
 * S3 by a gateway endpoint: no internet, no charge by the byte, and through it nobody reaches any other
 * bucket, whatever credentials a job brings along.
 */
export class S3PrivateEndpoint extends Construct {
  /** For dependsOn. */
  readonly all: readonly VpcEndpoint[];
  /** Of S3 in this region, for security groups. */
  readonly prefixList: string;

  constructor(scope: Construct, id: string, place: AwsPlace, props: S3PrivateEndpointProps) {
    super(scope, id);
    const endpoint = new VpcEndpoint(this, 'endpoint', {
      vpcId: props.vpc,
      serviceName: `com.amazonaws.${place.region}.s3`,
      vpcEndpointType: 'Gateway',
      routeTableIds: [...props.routeTables],
      policy: endpointPolicy(
        // KMS is no service of this endpoint.
        ...bucketStatements(place, props.buckets).filter(({ sid }) => sid !== 'Keys'),
      ),
      tags: { Name: `${props.name}-s3` },
    });
    this.all = [endpoint];
    this.prefixList = endpoint.prefixListId;
  }
}
