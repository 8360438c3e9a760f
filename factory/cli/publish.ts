import { Command, InvalidArgumentError } from 'commander';

export interface Options {
  readonly to: readonly string[];
  readonly share?: readonly string[];
  readonly kmsKey?: readonly string[];
  readonly whole?: true;
  readonly verify?: true;
  readonly deprecate: boolean;
  readonly withdraw?: true;
  readonly parallel: number;
  readonly apply?: true;
  readonly json?: true;
}

function parallel(text: string): number {
  const count = Number(text);
  if (!/^\d{1,3}$/.test(text) || count < 1 || count > 256)
    throw new InvalidArgumentError('must be a number from 1 to 256');
  return count;
}

export function publish(): Command {
  return new Command('publish')
    .description('make an image an AMI, in one region or several; shows the plan, does it with --apply')
    .argument('<image>', 'a digest or its beginning, or a channel that points at it')
    .requiredOption(
      '--to <target...>',
      'aws:REGION,…: the first region gets the disk, the others copies of the AMI',
    )
    .option('--share <account...>', 'accounts that may launch it')
    .option('--kms-key <arn...>', 'encrypt by this key; one of each region')
    .option('--whole', 'send the whole disk, not only what differs from an earlier image')
    .option('--verify', 'read back and compare every block, not a sample')
    .option('--no-deprecate', 'leave AMIs of images that no channel points at any more as they are')
    .option('--withdraw', 'take the image back: deregister its AMIs, delete their snapshots')
    .option('--parallel <n>', 'number of concurrent uploads', parallel, 64)
    .option('--apply', 'do it')
    .option('--json', 'print the answer as JSON, and each step as JSON on standard error')
    .addHelpText(
      'after',
      '\nExamples:\n  kiln publish production --to aws:eu-central-1\n' +
        '  kiln publish sha256:0f3a91 --to aws:eu-central-1,us-east-1 --share 111122223333 --apply\n' +
        '  kiln publish sha256:0f3a91 --to aws:eu-central-1 --withdraw --apply\n\n' +
        'Credentials are those of the aws command. A run that was cut short goes on when the command is given again.\n' +
        'docs/aws-images.md has the policy that it needs.',
    )
    .action(async (name: string, options: Options) => {
      const { run } = await import('./publish-run.js');
      await run(name, options);
    });
}
