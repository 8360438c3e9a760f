import { Command, InvalidArgumentError } from 'commander';
import { PLATFORMS } from '../publish/platforms';

/** Those of every platform; its own are read by the platform. */
export interface Options extends Readonly<Record<string, unknown>> {
  readonly to: readonly string[];
  readonly verify?: true;
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
  const platforms = Object.values(PLATFORMS);
  const command = new Command('publish')
    .description('make an image an AMI, in one region or several; shows the plan, does it with --apply')
    .argument('<image>', 'a digest or its beginning, or a channel that points at it')
    .requiredOption('--to <target...>', platforms.map(({ targets }) => targets).join('\n'));
  for (const { options } of platforms) for (const [flags, what] of options) command.option(flags, what);
  return command
    .option('--verify', 'read back and compare every block, not a sample')
    .option('--withdraw', 'take the image back: deregister its AMIs, delete their snapshots')
    .option('--parallel <n>', 'number of concurrent uploads', parallel, 64)
    .option('--apply', 'do it')
    .option('--json', 'print the answer as JSON, and each step as JSON on standard error')
    .addHelpText(
      'after',
      '\nExamples:\n  kiln publish production --to aws:eu-central-1\n' +
        '  kiln publish sha256:0f3a91 --to aws:eu-central-1,us-east-1 --share 111122223333 --apply\n' +
        '  kiln publish sha256:0f3a91 --to aws:eu-central-1 --withdraw --apply\n\n' +
        'Credentials are those of the aws command. A run that was interrupted resumes when the command is given again.\n' +
        'docs/aws-images.md has the policy that it needs.',
    )
    .action(async (name: string, options: Options) => {
      const { run } = await import('./publish-run.js');
      await run(name, options);
    });
}
