import { Command } from 'commander';
import { doneAsRoot } from './as-root';

interface Options {
  readonly lock?: string;
  readonly offline?: true;
}

/** `kiln assemble`: the last step of the bake, for Packer's template. */
export const assemble = (): Command =>
  new Command('assemble')
    .description(
      'put the layers together as a disk; those that are missing are built (images/spark-node.pkr.hcl calls this)',
    )
    .option('--lock <file>', "another lock than the project's")
    .option('--offline', 'ask no registry')
    .addHelpText('after', '\nExample:\n  $ kiln assemble')
    .action(async (options: Options) => {
      if (await doneAsRoot()) return;
      const { runAssemble } = await import('../bake/assemble-step.js');
      await runAssemble(options.lock, options.offline === true);
    });
