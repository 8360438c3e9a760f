/** Stacks that may be deployed from what is synthesised now; undefined: nobody said, so all of them. */
export type Deployed = readonly string[] | undefined;

/** Variable that tools/cdktf sets: names of stacks, separated by spaces; empty for a command that deploys nothing. */
const DEPLOYS = 'KILN_DEPLOYS';

export const deployed = (env: NodeJS.ProcessEnv = process.env): Deployed =>
  env[DEPLOYS]?.split(' ').filter((name) => name !== '');

/** Whether the command, such as destroy, works by Terraform's state alone. */
export const deploysNothing = (stacks: Deployed): boolean => stacks?.length === 0;
