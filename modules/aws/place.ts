/** Where a stack is: what every ARN and every policy needs. */
export interface AwsPlace {
  /** Twelve digits. */
  readonly account: string;
  readonly region: string;
}

/** GovCloud has a partition of its own. */
const partitionOf = (region: string): string => (region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws');

/** arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE */
export const arnOf = ({ account, region }: AwsPlace, service: string, resource: string): string =>
  `arn:${partitionOf(region)}:${service}:${region}:${account}:${resource}`;

export const bucketArn = ({ region }: AwsPlace, bucket: string, key?: string): string =>
  `arn:${partitionOf(region)}:s3:::${bucket}${key === undefined ? '' : `/${key}`}`;

/** Account and region as they must look. */
export const placeFaults = ({ account, region }: AwsPlace): string[] => [
  ...(/^\d{12}$/.test(account) ? [] : [`account: "${account}" is not an account number of 12 digits`]),
  ...(/^[a-z]{2,3}(-[a-z]+)+-\d$/.test(region)
    ? []
    : [`region: "${region}" is not a region, as eu-central-1`]),
  ...(region.startsWith('cn-') ? ['region: China has other names for endpoints and is not supported'] : []),
];
