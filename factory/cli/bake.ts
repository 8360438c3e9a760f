import { Command } from 'commander';
import { defined } from '../defined';
import { doneAsRoot } from './as-root';
import { answer, note } from './output';

interface Options {
  readonly lock?: string;
  readonly offline?: true;
  readonly explain?: true;
  readonly json?: true;
}

async function run(options: Options): Promise<void> {
  if (options.explain !== true && (await doneAsRoot())) return;
  const { bake } = await import('../bake/bake.js');
  const { explain } = await import('../bake/explain.js');
  const { bakeView, explainText, jsonView, outcomeText } = await import('./bake-view.js');
  const { openSession } = await import('../bake/session.js');
  const { requireOwn } = await import('../bake/own.js');
  const json = options.json === true;
  const session = await openSession({
    ...defined({ lock: options.lock }),
    offline: options.offline === true,
  });
  try {
    if (options.explain === true) {
      const layers = explain(session);
      answer(json, { layers }, explainText(layers));
      return;
    }
    requireOwn(session.project);
    const outcome = await bake(session, json ? jsonView(note) : bakeView(process.stderr, note));
    const { record, folder, baked, steps } = outcome;
    answer(
      json,
      { digest: record.digest, contentId: record.contentId, size: record.size, folder, baked, steps },
      outcomeText(outcome),
    );
  } finally {
    await session.vault.close();
  }
}

/** `kiln bake`: the lock to one image. */
export const bake = (): Command =>
  new Command('bake')
    .description('bake the image of factory.lock.json: layers, disk, record')
    .option('--offline', 'use no network: every input must be in the vault')
    .option('--explain', 'only say which layers would be built, and what changed')
    .option('--lock <file>', "another lock than the project's factory.lock.json")
    .option(
      '--json',
      'answer as JSON on standard output, and report progress on standard error, one JSON event per line',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ kiln bake               as root or not; what is built already is not built again
  $ kiln bake --explain     what would be built, and why
  $ kiln vault fetch && kiln bake --offline`,
    )
    .action(run);
