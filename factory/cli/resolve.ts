import { Command } from 'commander';

interface Options {
  readonly channel?: string;
  readonly digest?: string;
}

/** What a synth asks of a registry that it cannot read by itself; not listed by `kiln --help`. */
export function resolve(): Command {
  return new Command('resolve')
    .description('the image that a channel or a digest names, if it may be deployed')
    .option('--channel <name>', 'a channel of the project')
    .option('--digest <digest>', 'an image')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  kiln resolve --channel production --json')
    .action(async ({ channel, digest, json }: Options & { json?: boolean }) => {
      const { Digest } = await import('../contracts/digest.js');
      const { KilnError } = await import('../errors.js');
      const { openRegistry } = await import('../registry/open.js');
      const { resolveFrom } = await import('../registry/resolve.js');
      const { answer } = await import('./output.js');
      if ((channel === undefined) === (digest === undefined)) {
        throw new KilnError({ code: 'wrong-use', what: 'say either --channel or --digest', exitCode: 2 });
      }
      const { settings, home } = openRegistry();
      const wanted = channel === undefined ? { digest: Digest.parse(digest) } : { channel };
      const found = await resolveFrom(home, settings.image, wanted);
      answer(json === true, found, found.digest);
    });
}
