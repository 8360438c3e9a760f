import { Command } from 'commander';
import type { Input } from '../contracts/lock';
import { answer, note } from './output';
import type { CollectOptions, Common, VerifyOptions } from './vault-care';
import { formatSize } from '../units';

interface Options {
  readonly use?: string;
  readonly json?: true;
}

/** Says where an input came from that its mirror dropped. */
export const noteFallback = (input: Input, from: string): void => {
  note(`${input.source} ${input.name} ${input.version}: not from its mirror, from ${from}`);
};

async function fetchAll(options: Options): Promise<void> {
  const { findProject } = await import('../project.js');
  const { readLocked } = await import('../lock/index.js');
  const { openVault } = await import('../vault/index.js');
  const { progressLine } = await import('./progress-line.js');
  const { requireUse } = await import('../recipes/index.js');
  const project = findProject();
  if (options.use !== undefined) requireUse(project.home, options.use);
  const { lock: locked } = readLocked(project);
  const inputs = locked.inputs.filter(({ use }) => use === (options.use ?? use));
  const vault = openVault(project, { epoch: locked.epoch });
  try {
    const missing = vault.missing(inputs);
    const line = progressLine(process.stderr);
    await vault.findGone(inputs);
    await vault.ensure(inputs, {
      onProgress: line.show,
      onFallback: noteFallback,
      onWait: (holder) => {
        note(`waiting: ${holder}`);
      },
    });
    line.end();
    const bytes = missing.reduce((sum, input) => sum + input.size, 0);
    answer(
      options.json === true,
      { inputs: inputs.length, fetched: missing.length, bytes },
      `all ${String(inputs.length)} inputs are in the vault; fetched ${String(missing.length)}, ${formatSize(bytes)}`,
    );
  } finally {
    await vault.close();
  }
}

const json = ['--json', 'answer as JSON on standard output'] as const;
const lock = ['--lock <file...>', "these locks' inputs, in place of the project's"] as const;
const more = ['--lock <file...>', "locks beside the project's and those of its images and registry"] as const;
const registry = ['--registry', 'of what the registry keeps, in place of the vault'] as const;

/** `kiln vault`: the downloads, by sha256. */
export const vault = (): Command =>
  new Command('vault')
    .description('the store of downloads, by sha256, and the copies that the registry keeps for years')
    .addCommand(
      new Command('fetch')
        .description('download and verify every input of the lock that is not here yet')
        .option('--use <use>', 'only what is for one layer, the tools or the samples')
        .option(...json)
        .addHelpText(
          'after',
          '\nExamples:\n  $ kiln vault fetch                 so that kiln bake --offline can run later\n  $ kiln vault fetch --use samples   what the jobs read; not part of any image',
        )
        .action(fetchAll),
    )
    .addCommand(
      new Command('push')
        .description("copy the lock's inputs to the registry, where they outlive the mirrors")
        .option(...lock)
        .option(...json)
        .addHelpText(
          'after',
          '\nExamples:\n  $ kiln vault fetch && kiln vault push      after a lock that shall last\n  $ kiln vault push --lock old.lock.json    what an older lock names',
        )
        .action(async (options: Common) => (await import('./vault-care.js')).pushInputs(options)),
    )
    .addCommand(
      new Command('pull')
        .description("bring the lock's inputs from the registry into the vault")
        .option(...lock)
        .option(...json)
        .addHelpText('after', '\nExample:\n  $ kiln vault pull && kiln bake --offline    no mirror is asked')
        .action(async (options: Common) => (await import('./vault-care.js')).pullInputs(options)),
    )
    .addCommand(
      new Command('verify')
        .description('read every file again and name what is damaged; exit code 1 when something is')
        .option(...registry)
        .option('--repair', 'remove what is damaged and fetch it again')
        .option(...more)
        .option(...json)
        .addHelpText('after', '\nExamples:\n  $ kiln vault verify\n  $ kiln vault verify --registry --repair')
        .action(async (options: VerifyOptions) => (await import('./vault-care.js')).verifyInputs(options)),
    )
    .addCommand(
      new Command('gc')
        .description('remove files that no lock names: shows the plan, does it with --apply')
        .option(...registry)
        .option('--apply', 'remove them')
        .option(...more)
        .option(...json)
        .addHelpText(
          'after',
          "\nExamples:\n  $ kiln vault gc            what would go; the user's other projects fetch theirs again\n  $ kiln vault gc --registry --lock keep.lock.json --apply",
        )
        .action(async (options: CollectOptions) => (await import('./vault-care.js')).collectInputs(options)),
    );
