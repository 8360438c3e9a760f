import { defined } from '../../factory/defined';

/** One statement of a policy that allows; kiln's policies never deny. */
export interface Statement {
  readonly sid: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** operator -> key -> values. @default none */
  readonly condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

const written = ({ sid, actions, resources, condition }: Statement) => ({
  Sid: sid,
  Effect: 'Allow',
  Action: [...actions].sort(),
  Resource: [...resources],
  ...defined({ Condition: condition }),
});

/** A policy's text, as a role has it. */
export const policy = (...statements: readonly Statement[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements.map(written) });

/** The same as an endpoint has it: for any principal that the conditions let through. */
export const endpointPolicy = (...statements: readonly Statement[]): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map((statement) => ({ ...written(statement), Principal: '*' })),
  });

/** Only EC2 may put the role on a machine. */
export const EC2_MAY_ASSUME = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'Ec2',
      Effect: 'Allow',
      Action: ['sts:AssumeRole'],
      Principal: { Service: ['ec2.amazonaws.com'] },
    },
  ],
});
