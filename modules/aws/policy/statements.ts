import { blocksOf, parsed, textsOf } from './plan';
import type { Json, JsonObject, Plan } from './plan';

/** A policy somewhere in a plan. */
export interface PlannedPolicy {
  readonly address: string;
  /** `role`: what it may do; `trust`: who may take it on; `endpoint`, `bucket`: what passes. */
  readonly kind: 'role' | 'trust' | 'endpoint' | 'bucket';
  /** undefined: it is not text that can be read before apply. */
  readonly statements: readonly JsonObject[] | undefined;
}

/** Where policies stand: type of resource, argument, kind. */
const PLACES: readonly (readonly [type: string, argument: string, kind: PlannedPolicy['kind']])[] = [
  ['aws_iam_role', 'assume_role_policy', 'trust'],
  ['aws_iam_role_policy', 'policy', 'role'],
  ['aws_iam_policy', 'policy', 'role'],
  ['aws_vpc_endpoint', 'policy', 'endpoint'],
  ['aws_s3_bucket_policy', 'policy', 'bucket'],
];

const statementsIn = (text: Json | undefined): readonly JsonObject[] | undefined => {
  const document = parsed(text);
  return document === undefined ? undefined : blocksOf(document['Statement']);
};

/** Every policy of a plan. */
export const policiesOf = (plan: Plan): readonly PlannedPolicy[] =>
  plan.resources.flatMap(({ address, type, body }) =>
    PLACES.filter(([of, argument]) => of === type && body[argument] !== undefined).map(
      ([, argument, kind]) => ({
        address,
        kind,
        statements: statementsIn(body[argument]),
      }),
    ),
  );

export const actionsOf = ({ Action }: JsonObject): readonly string[] => textsOf(Action);
export const resourcesOf = ({ Resource }: JsonObject): readonly string[] => textsOf(Resource);
export const allows = ({ Effect }: JsonObject): boolean => Effect === 'Allow';

/**
 * Actions that AWS binds to no resource (Service Authorization Reference), or that cannot be bound yet, reviewed: what they are for and
 * what keeps them narrow. Everything else must name its resources.
 */
export const REVIEWED_ON_ANY_RESOURCE: Readonly<Record<string, string>> = {
  'autoscaling:CompleteLifecycleAction': 'an endpoint is there before the group; a condition binds the stack',
  'cloudwatch:PutMetricData': 'metrics; a condition binds the name space',
  'ec2messages:AcknowledgeMessage': 'Session Manager: the machine’s own messages',
  'ec2messages:DeleteMessage': 'Session Manager: the machine’s own messages',
  'ec2messages:FailMessage': 'Session Manager: the machine’s own messages',
  'ec2messages:GetEndpoint': 'Session Manager: the machine’s own messages',
  'ec2messages:GetMessages': 'Session Manager: the machine’s own messages',
  'ec2messages:SendReply': 'Session Manager: the machine’s own messages',
  'ssm:UpdateInstanceInformation': 'Session Manager: the machine says that it is there',
  'ssmmessages:CreateControlChannel': 'Session Manager: the machine’s own channel',
  'ssmmessages:CreateDataChannel': 'Session Manager: the machine’s own channel',
  'ssmmessages:OpenControlChannel': 'Session Manager: the machine’s own channel',
  'ssmmessages:OpenDataChannel': 'Session Manager: the machine’s own channel',
};

/** Reviewed actions that a condition must keep narrow: action -> condition key. */
export const MUST_BE_CONDITIONED: Readonly<Record<string, string>> = {
  'autoscaling:CompleteLifecycleAction': 'autoscaling:ResourceTag/kiln:stack',
  'cloudwatch:PutMetricData': 'cloudwatch:namespace',
};
