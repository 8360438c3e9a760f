import { SsmParameter } from '@cdktf/provider-aws/lib/ssm-parameter';
import { TerraformStack } from 'cdktf';
import type { TerraformResource } from 'cdktf';
import { Construct } from 'constructs';
import type { SecretRef } from '../../factory/contracts/node';
import { defined } from '../../factory/defined';
import type { Statement } from './iam';
import { arnOf } from './place';
import type { AwsPlace } from './place';

export type ClusterSecretProps =
  | {
      /**
       * A SecureString that is there. Its name is all that the stack knows of it.
       */
      readonly parameter: string;
      /** ARN of the key it is encrypted with. @default the account's own alias/aws/ssm */
      readonly kmsKey?: string;
    }
  | {
      /** Counted up to have a new secret: running nodes keep the old one, so roll them all. @default 1 */
      readonly generation?: number;
      readonly kmsKey?: string;
    };

/** Length of the secret in characters. */
const LENGTH = 48;
const SOURCE = 'aws_secretsmanager_random_password';
const NAME = 'spark_secret';

/**
 * What the nodes of a cluster prove to each other that they belong to it, as a SecureString of SSM.
 *
 * AWS makes it up (an ephemeral resource) and Terraform hands it over (a write-only argument): it is in
 * no state, no plan, no user data and no file of whoever deploys. Both need Terraform 1.11.
 */
export class ClusterSecret extends Construct {
  /** As node.json refers to it. */
  readonly reference: SecretRef;
  /** What a node must be allowed to do to read it. */
  readonly statements: readonly Statement[];
  /** Made before any node starts; undefined: given. */
  readonly resource: TerraformResource | undefined;

  constructor(scope: Construct, id: string, place: AwsPlace, cluster: string, props: ClusterSecretProps) {
    super(scope, id);
    const name = 'parameter' in props ? props.parameter : `/kiln/${cluster}/spark-secret`;
    this.reference = { ssm: name, region: place.region };
    this.statements = [
      { sid: 'Secret', actions: ['ssm:GetParameter'], resources: [arnOf(place, 'ssm', `parameter${name}`)] },
      // The account's own key for SSM lets in whoever may read the parameter.
      ...(props.kmsKey === undefined
        ? []
        : [{ sid: 'SecretKey', actions: ['kms:Decrypt'], resources: [props.kmsKey] }]),
    ];
    if ('parameter' in props) {
      this.resource = undefined;
      return;
    }
    TerraformStack.of(this).addOverride(`ephemeral.${SOURCE}.${NAME}`, {
      password_length: LENGTH,
      exclude_punctuation: true,
    });
    this.resource = new SsmParameter(this, 'parameter', {
      name,
      description: `What nodes of the Spark cluster ${cluster} authenticate each other with`,
      type: 'SecureString',
      ...defined({ keyId: props.kmsKey }),
      valueWo: `\${ephemeral.${SOURCE}.${NAME}.random_password}`,
      valueWoVersion: props.generation ?? 1,
      tags: { Name: name },
    });
  }
}
