import { synthesise } from '../../modules/app';
import { GoldenImage } from '../../modules/golden-image';
import { AwsClusterStack } from '../../stacks/aws-cluster';
import type { AwsClusterProps } from '../../stacks/aws-cluster';
import { AwsStateStack } from '../../stacks/aws-state';

/*
 * One cluster for trying and one for work, each in an account of its own. As a project's own main.ts it
 * stands beside factory.yaml and imports from './modules' and './stacks'.
 */

const region = 'eu-central-1';
const STAGING = { account: '111111111111', bucket: 'acme-kiln-state-staging' };
const PRODUCTION = { account: '222222222222', bucket: 'acme-kiln-state-production' };

/** What both have in common: so that staging tries what production gets. */
const flights = {
  region,
  conf: { 'spark.sql.shuffle.partitions': '400' },
  tags: { team: 'flights' },
} satisfies Partial<AwsClusterProps>;

synthesise(__dirname, (app) => {
  new AwsStateStack(app, 'state-staging', { ...STAGING, region });
  new AwsStateStack(app, 'state-production', { ...PRODUCTION, region });

  // Small, all spot but one, whatever was verified last.
  new AwsClusterStack(app, 'flights-staging', {
    ...flights,
    environment: 'staging',
    account: STAGING.account,
    state: { bucket: STAGING.bucket },
    image: GoldenImage.channel('candidate'),
    network: { make: { zones: ['eu-central-1a'] } },
    buckets: [{ bucket: 'acme-flights-staging', read: ['input/'], write: ['output/', 'spark-events/'] }],
    eventLog: 's3a://acme-flights-staging/spark-events',
    master: { type: 'm6id.large' },
    workers: { count: 2, types: ['m6id.xlarge', 'm5d.xlarge', 'r6id.xlarge'], onDemand: 1 },
  });

  // In the VPC that the data centre's link ends in; alarms go to whoever is on call.
  new AwsClusterStack(app, 'flights-production', {
    ...flights,
    environment: 'production',
    account: PRODUCTION.account,
    state: { bucket: PRODUCTION.bucket },
    image: GoldenImage.channel('production'),
    network: {
      given: {
        vpc: 'vpc-0a1b2c3d4e5f60718',
        subnets: [{ id: 'subnet-0a1b2c3d4e5f60718', zone: 'eu-central-1a', cidr: '10.20.0.0/20' }],
        routeTables: ['rtb-0a1b2c3d4e5f60718'],
        masterAddress: '10.20.0.10',
      },
    },
    buckets: [{ bucket: 'acme-flights', read: ['input/'], write: ['output/', 'spark-events/'] }],
    eventLog: 's3a://acme-flights/spark-events',
    master: { type: 'm6id.2xlarge' },
    workers: {
      count: 40,
      types: ['m6id.4xlarge', 'm6idn.4xlarge', 'r6id.4xlarge'],
      onDemand: 10,
      placement: 'partition',
      drain: 300,
    },
    alarmTopic: 'arn:aws:sns:eu-central-1:222222222222:on-call',
  });
});
