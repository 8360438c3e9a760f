import { Command, Option } from 'commander';
import { USES } from '../contracts/layers';
import { answer, note } from './output';

interface Options {
  readonly use?: (typeof USES)[number];
  readonly json?: true;
}

async function fetchAll(options: Options): Promise<void> {
  const { findProject } = await import('../project.js');
  const { readLocked } = await import('../lock/index.js');
  const { openVault } = await import('../vault/index.js');
  const { progressLine } = await import('./progress-line.js');
  const project = findProject();
  const { lock } = await readLocked(project);
  const inputs = lock.inputs.filter(({ use }) => use === (options.use ?? use));
  const vault = openVault(project);
  try {
    const missing = vault.missing(inputs);
    const line = progressLine(process.stderr);
    await vault.findGone(inputs);
    await vault.ensure(inputs, {
      onProgress: line.show,
      onWait: () => {
        note('another kiln is downloading; waiting for it');
      },
    });
    line.end();
    const bytes = missing.reduce((sum, input) => sum + input.size, 0);
    answer(
      options.json === true,
      { inputs: inputs.length, fetched: missing.length, bytes },
      `all ${String(inputs.length)} inputs are in the vault; fetched ${String(missing.length)}, ${(bytes / 1e6).toFixed(0)} MB`,
    );
  } finally {
    await vault.close();
  }
}

/** `kiln vault`: the downloads, by sha256. */
export const vault = (): Command =>
  new Command('vault')
    .description('the store of downloads, by sha256')
    .addCommand(
      new Command('fetch')
        .description('download and verify every input of the lock that is not here yet')
        .addOption(
          new Option('--use <use>', 'only what is for one layer, the tools or the samples').choices(USES),
        )
        .option('--json', 'answer as JSON on standard output')
        .addHelpText(
          'after',
          '\nExamples:\n  $ kiln vault fetch                 so that kiln bake --offline can run later\n  $ kiln vault fetch --use samples   what the jobs read; not part of any image',
        )
        .action(fetchAll),
    );
