import { Command } from 'commander';
import type { Withdrawal } from '../publish/platform';
import { PLATFORMS } from '../publish/platforms';
import { shortDigest } from '../registry/errors';
import type { CollectPlan } from '../registry/gc';
import { whole } from './history';
import { formatSize } from '../units';

interface Options {
  readonly history: number;
  readonly youngerThan: number;
  readonly withdraw: boolean;
  readonly apply?: boolean;
  readonly json?: boolean;
}

const DAY = 86_400_000;

/** What stands on a platform of an image that goes, and what withdrawing it does. */
interface Published {
  readonly of: Withdrawal;
  readonly todo: string;
  readonly done: string;
}

/** By platform, each under the name that it gives them: `amis`. */
const lists = (published: readonly Published[]): object =>
  Object.fromEntries(
    Object.entries(PLATFORMS).map(([name, { list }]) => [
      list,
      published.map(({ of }) => of).filter(({ to }) => to === name),
    ]),
  );

function planText(
  { keep, remove, unfinished, chunks, bytes, keptBytes }: CollectPlan,
  published: readonly Published[],
  done: boolean,
): string {
  return [
    ...keep.map(({ digest, why }) => `  keeps   ${digest}: ${why.join(', ')}`),
    ...remove.map((digest) => `  ${done ? 'removed' : 'removes'} ${digest}`),
    ...unfinished.map(
      (digest) => `  ${done ? 'removed' : 'removes'} ${digest}, which was never stored whole`,
    ),
    ...published.map(({ of, todo, done: did }) => `  ${shortDigest(of.digest)} in ${done ? did : todo}`),
    `${done ? 'removed' : 'removes'} ${remove.length + unfinished.length} images, ${chunks.length} chunks of disks, ${formatSize(bytes)}; ${formatSize(keptBytes)} stay`,
    ...(done ? [] : ['nothing was removed; --apply removes it']),
  ].join('\n');
}

export function gc(): Command {
  return new Command('gc')
    .description(
      'remove images that nothing refers to from the registry; shows the plan, does it with --apply',
    )
    .option('--history <n>', 'keep images in the last N entries and rollbacks of each channel', whole, 10)
    .option('--younger-than <days>', 'keep images that were stored in the last N days', whole, 7)
    .option('--no-withdraw', 'leave the AMIs of removed images, and their snapshots, as they are')
    .option('--apply', 'do it')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  kiln gc --history 20 --younger-than 30 --apply\n\n' +
        'Kept in any case: what a channel points at, what is pinned (kiln pin), what machines are reported to run\n' +
        '(kiln in-use). Records, locks and verdicts of removed images stay for kiln history and kiln blame.\n' +
        'The AMIs of what is removed are deregistered, with the credentials of the aws command, also those that an\n' +
        'earlier clean-up left; machines that run keep running.\n' +
        'Exit code 1: another writer holds the registry right now.',
    )
    .action(async (options: Options) => {
      const { openRegistry } = await import('../registry/open.js');
      const { collect, planCollect } = await import('../registry/gc.js');
      const { planClearance } = await import('../publish/clear.js');
      const { whoAmI } = await import('../registry/lease.js');
      const { answer, note } = await import('./output.js');
      const { settings, home } = openRegistry();
      const policy = { history: options.history, youngerThan: options.youngerThan * DAY, now: Date.now() };
      const clearance = async (removing: readonly string[]): Promise<readonly Published[]> => {
        const found = options.withdraw ? await planClearance(home, removing) : [];
        return await Promise.all(
          found.map(async (of) => ({ of, ...(await PLATFORMS[of.to].load()).describe(of) })),
        );
      };
      const plan = await planCollect(home, policy);
      const published = await clearance(plan.remove);
      const json = options.json === true;
      const nothing =
        plan.remove.length + plan.unfinished.length + plan.chunks.length + published.length === 0;
      if (options.apply !== true || nothing) {
        const text = nothing ? 'nothing to remove' : planText(plan, published, false);
        answer(json, { ...plan, ...lists(published), applied: false }, text);
        return;
      }
      note(planText(plan, published, true).replaceAll('removed', 'removing'));
      const who = { by: whoAmI(), at: new Date().toISOString(), cache: settings.cache };
      const done = await collect(home, plan, policy, who, (count, total) => {
        if (count % 1000 === 0) note(`gc: ${count} of ${total} chunks`);
      });
      // Of what the registry has not any more: nobody promotes such an image while its AMI goes.
      const wanted = new Set(published.map(({ of }) => `${of.to} ${of.id}`));
      const withdrawn = (await clearance([])).filter(({ of }) => wanted.has(`${of.to} ${of.id}`));
      if (withdrawn.length > 0) {
        const { takeBack } = await import('./take-back.js');
        await takeBack(
          home,
          withdrawn.map(({ of }) => of),
          json,
        );
      }
      answer(json, { ...done, ...lists(withdrawn), applied: true }, planText(done, withdrawn, true));
    });
}
