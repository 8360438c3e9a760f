import { Command } from 'commander';
import { answer, note } from './output';

interface Options {
  readonly check?: true;
  readonly refresh?: true;
  readonly json?: true;
}

/** Changes listed one by one; a longer list is for `git diff`. */
const LISTED = 40;

async function run(options: Options): Promise<void> {
  const { findProject } = await import('../project.js');
  const { readLocked, updateLock } = await import('../lock/index.js');
  const { warningLines, warningsOf } = await import('./lock-view.js');
  const project = findProject();
  const json = options.json === true;
  if (options.check === true) {
    const { lock, digest } = readLocked(project);
    answer(
      json,
      { ok: true, digest, inputs: lock.inputs.length },
      `factory.lock.json answers factory.yaml: ${String(lock.inputs.length)} inputs`,
    );
    return;
  }
  const { openLockPorts } = await import('./lock-ports.js');
  const ports = openLockPorts(project, note);
  try {
    const { lock, result, changes } = await updateLock(project, ports, options.refresh === true);
    const count = `${String(lock.inputs.length)} inputs`;
    const said = {
      written: `factory.lock.json written: ${count}`,
      same: `nothing changed: ${count}`,
      current: `factory.lock.json answers factory.yaml already: ${count} (newer ones: kiln lock --refresh)`,
    }[result];
    const more = changes.length > LISTED ? [`  … and ${String(changes.length - LISTED)} more: git diff`] : [];
    const choices = Object.entries(lock.choices).map(
      ([k, c]) => `  ${k.padEnd(10)} ${c.value.padEnd(44)} ${c.reason}`,
    );
    const warnings = warningsOf(lock.choices, Date.now());
    answer(
      json,
      { result, changes, choices: lock.choices, ...warnings, inputs: lock.inputs.length },
      [
        said,
        ...(result === 'current' ? [] : choices),
        ...warningLines(warnings),
        ...changes.slice(0, LISTED).map((c) => `  ${c}`),
        ...more,
      ].join('\n'),
    );
  } finally {
    await ports.channels.close();
  }
}

/** `kiln lock`: from what is asked for to every input by content. */
export const lock = (): Command =>
  new Command('lock')
    .description('pin every input of the image: factory.yaml -> factory.lock.json')
    .option('--check', 'only check that the lock is up to date with factory.yaml (exit 1 if not); no network')
    .option('--refresh', 'take what the registries have now, though the lock is current')
    .option('--json', 'answer as JSON on standard output')
    .addHelpText(
      'after',
      `
Examples:
  $ kiln lock             after a change of factory.yaml or environment.yml
  $ kiln lock --check     in CI
  $ kiln lock --refresh   for security updates, or when a mirror dropped a pin`,
    )
    .action(run);
