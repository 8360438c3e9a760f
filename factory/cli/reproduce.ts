import { hostname } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import type { LayerName } from '../contracts/layers';
import { defined } from '../defined';
import type { Reproduction } from '../reproduce/reproduce';
import { answer, note } from './output';

/** Differences that are shown of one layer. */
const SHOWN = 20;

function reproductionText(found: Reproduction, same: boolean): string {
  return [
    ...found.layers.flatMap(({ name, same: equal, entries, differences }) => [
      equal
        ? `✔ layer ${name}: ${String(entries)} entries`
        : `✘ layer ${name}: ${String(differences.length)} differences`,
      ...differences.slice(0, SHOWN).map(({ path, what, detail }) => `    ${path}: ${what}: ${detail}`),
      ...(differences.length > SHOWN
        ? [`    and ${String(differences.length - SHOWN)} more: --json has all`]
        : []),
    ]),
    ...found.partitions.map(
      ({ name, differ, used }) =>
        `✘ partition ${name}: ${String(differ)} of ${String(used)} blocks of 512 KiB differ`,
    ),
    same
      ? found.again === undefined
        ? 'the same bits'
        : `reproduced: ${found.digest}`
      : `NOT reproduced: ${found.digest}${found.again === undefined ? '' : `, then ${found.again}`}`,
  ].join('\n');
}

async function run(
  word: string | undefined,
  options: { readonly layer?: LayerName; readonly json?: true },
): Promise<void> {
  const { openSession } = await import('../bake/session.js');
  const { LOCK_COPY } = await import('../contracts/record.js');
  const { findProject } = await import('../project.js');
  const { readSpec } = await import('../spec/read.js');
  const reproduction = await import('../reproduce/reproduce.js');
  const { writeVerdict } = await import('../verify/write.js');
  const { findSubject, kilnVersion } = await import('./subject.js');

  const { requireLayer } = await import('../recipes/index.js');

  const started = Date.now();
  const project = findProject();
  if (options.layer !== undefined) requireLayer(project.home, options.layer);
  const subject = await findSubject(word ?? join(project.state, 'latest'));
  const folder = join(subject.disk, '..');
  note(`reproduce: ${subject.record.digest}`);
  const session = await openSession({ lock: join(folder, LOCK_COPY), offline: true });
  try {
    const { spec } = readSpec(project);
    const found = await reproduction.reproduce({
      project,
      exec: session.exec,
      record: subject.record,
      folder,
      plan: session.plan,
      environment: spec.conda.environment,
      code: spec.code,
      root: process.getuid?.() === 0,
      onLine: note,
      ...defined({ layer: options.layer }),
    });
    const same = reproduction.isReproduced(found);
    if (options.layer === undefined) {
      const verdict = reproduction.verdictOf(
        found,
        { kiln: await kilnVersion(project.home), host: hostname() },
        { at: new Date().toISOString(), total: Date.now() - started },
      );
      await writeVerdict(subject.folder, verdict);
      await subject.keep?.(verdict);
    }
    answer(options.json === true, { ...found, same }, reproductionText(found, same));
    if (!same) process.exitCode = 1;
  } finally {
    await session.vault.close();
  }
}

/** `kiln reproduce`: the same lock baked again in a different path and environment. */
export const reproduce = (): Command =>
  new Command('reproduce')
    .description(
      "bake an image's lock again, where everything that must not matter is different, and compare",
    )
    .argument('[image]', 'a digest or its beginning, a channel, or a folder (default: what was baked last)')
    .option('--layer <name>', 'only this layer, on top of the cached ones below it; writes no verdict')
    .option('--json', 'print the answer as JSON, with every difference')
    .addHelpText(
      'after',
      `
The second bake has an empty cache, another path, umask, locale, time zone, environment and TMPDIR, one
processor and no network (as root also another hostname). Everything locked must be in the vault: kiln vault fetch.

Exit codes: 0 the same bits, 1 they differ, 3 it could not be tried.

Examples:
  kiln reproduce
  kiln reproduce candidate --json
  kiln reproduce --layer code`,
    )
    .action(run);
