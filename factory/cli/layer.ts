import { Command } from 'commander';
import { doneAsRoot } from './as-root';

interface Options {
  readonly lock?: string;
  readonly offline?: true;
}

/** `kiln layer NAME`: one step of the bake, for Packer's template. */
export const layer = (): Command =>
  new Command('layer')
    .description(
      'build one layer of the image, unless it is in the cache (images/spark-node.pkr.hcl calls this)',
    )
    .argument('<name>', 'a layer, such as os: kiln bake --explain names all')
    .option('--lock <file>', "another lock than the project's")
    .option('--offline', 'ask no registry')
    .addHelpText('after', '\nExample:\n  $ kiln layer os')
    .action(async (name: string, options: Options) => {
      if (await doneAsRoot()) return;
      const { runLayer } = await import('../bake/layer-step.js');
      await runLayer(name, options.lock, options.offline === true);
    });
