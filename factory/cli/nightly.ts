import { Command } from 'commander';
import { answer, note } from './output';

interface NightlyOptions {
  readonly apply?: true;
  readonly fresh?: true;
  readonly json?: true;
}

async function run(options: NightlyOptions): Promise<void> {
  const { openWorld, planned, carriedOut } = await import('./nightly-world.js');
  const { endText, planText, nightView } = await import('./nightly-view.js');
  const json = options.json === true;
  const view = nightView(json, note);
  const world = await openWorld(view);
  try {
    if (options.apply !== true) {
      const plan = await planned(world, options.fresh === true);
      answer(json, { plan, applied: false }, planText(plan));
      return;
    }
    const end = await carriedOut(world, options.fresh === true);
    answer(json, { ...end, applied: true }, endText(end));
    if (end.result === 'refused') process.exitCode = 1;
  } finally {
    await world.close();
  }
}

/** `kiln nightly`: everything from newer inputs to a proven candidate. */
export const nightly = (): Command =>
  new Command('nightly')
    .description(
      'newest inputs -> bake -> boot -> bake again -> candidate; shows the plan, does it with --apply',
    )
    .option('--apply', 'do it')
    .option('--fresh', 'leave an unfinished night as it is and begin another')
    .option(
      '--json',
      'print the answer as JSON, and report progress on standard error, one JSON event per line',
    )
    .addHelpText(
      'after',
      `
Ends at once where neither an index of a registry nor the project changed. One night at a time; one that was ended in
the middle is resumed. factory.yaml's nightly says which channel takes the image, which ones follow by
themselves, whether Spark's patch releases are taken, and whether the lock is proposed on a git branch.

Exit codes: 0 done, or nothing changed; 1 a proof or a gate said no, or another night runs; 2 wrong use; 3 failed.

Examples:
  $ kiln nightly                  what is new, and what would be done
  $ kiln nightly --apply
  $ kiln nightly --apply --json   for a timer or a pipeline`,
    )
    .action(run);
