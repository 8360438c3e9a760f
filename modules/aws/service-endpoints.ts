import { VpcEndpoint } from '@cdktf/provider-aws/lib/vpc-endpoint';
import { Construct } from 'constructs';
import { endpointPolicy } from './iam';
import type { Statement } from './iam';
import type { AwsPlace } from './place';

export interface ServiceEndpointsProps {
  readonly vpc: string;
  readonly subnets: readonly string[];
  readonly securityGroup: string;
  /** What nodes do through each service: endpoint's short name -> statements. */
  readonly services: Readonly<Record<string, readonly Statement[]>>;
  readonly name: string;
}

/** A network interface for each service that nodes call, since they reach no internet. */
export class ServiceEndpoints extends Construct {
  /** For dependsOn. */
  readonly all: readonly VpcEndpoint[];

  constructor(scope: Construct, id: string, place: AwsPlace, props: ServiceEndpointsProps) {
    super(scope, id);
    this.all = Object.entries(props.services).map(
      ([service, statements]) =>
        new VpcEndpoint(this, service, {
          vpcId: props.vpc,
          serviceName: `com.amazonaws.${place.region}.${service}`,
          vpcEndpointType: 'Interface',
          subnetIds: [...props.subnets],
          securityGroupIds: [props.securityGroup],
          privateDnsEnabled: true,
          policy: endpointPolicy(...statements.map((statement) => ofAccount(place, statement))),
          tags: { Name: `${props.name}-${service}` },
        }),
    );
  }
}

/** Credentials of another account are of no use behind the endpoint. */
const ofAccount = ({ account }: AwsPlace, statement: Statement): Statement => ({
  ...statement,
  condition: {
    ...statement.condition,
    StringEquals: { ...statement.condition?.['StringEquals'], 'aws:PrincipalAccount': [account] },
  },
});
