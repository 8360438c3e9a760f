import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Input } from '../contracts/lock';
import { KilnError } from '../errors';
import type { Project } from '../project';
import { answer, note } from './output';
import { progressLine } from './progress-line';
import { formatSize } from '../units';

export interface Common {
  readonly lock?: readonly string[];
  readonly json?: true;
}
export interface VerifyOptions extends Common {
  readonly registry?: true;
  readonly repair?: true;
}
export interface CollectOptions extends Common {
  readonly registry?: true;
  readonly apply?: true;
}

/** Loads what the actions work with; not before one runs. */
async function open(lockFiles: readonly string[] | undefined) {
  const { findProject } = await import('../project.js');
  const vault = await import('../vault/index.js');
  const care = await import('../vault/care.js');
  const { knownLocks } = await import('../vault/known-locks.js');
  const { hostClock } = await import('../ports/machine/clock.js');
  const { openHome } = await import('../registry/open.js');
  const { registrySettings } = await import('../registry/project.js');
  const { storedLocks } = await import('../registry/locks.js');
  const { DirectoryInputs } = await import('../ports/inputs/kept-inputs-directory.js');
  const project = findProject();
  const missing = (lockFiles ?? []).filter((file) => !existsSync(file));
  if (missing.length > 0)
    throw new KilnError({
      code: 'no-such-lock',
      what: `there is no lock ${missing.join(', ')}`,
      hint: '--lock takes the path of a factory.lock.json',
      exitCode: 2,
    });
  const named = lockFiles === undefined || lockFiles.length === 0 ? [project.lock] : lockFiles;
  return {
    project,
    care,
    clock: hostClock,
    store: vault.openStore(project),
    /** The vault seen as what it is: inputs in a folder. */
    here: new DirectoryInputs(join(project.cache, 'vault')),
    kept: vault.openKept(project),
    openVault: vault.openVault,
    /** Inputs of the locks that were named, or of the project's. */
    wanted: (): Input[] => knownLocks(named, []).flatMap(({ lock }) => lock.inputs),
    /** Those, and the locks of every image here and in the registry. */
    reach: async () =>
      knownLocks(
        [...new Set([project.lock, ...named])],
        [join(project.state, 'images')],
        await storedLocks(openHome(registrySettings(project))),
      ),
  };
}

export async function pushInputs(options: Common): Promise<void> {
  const { care, store, here, kept, wanted, clock } = await open(options.lock);
  const plan = care.planMove(wanted(), await here.list(), await kept.list());
  care.requireAll(plan, 'the vault', 'fetch them first: kiln vault fetch');
  note(
    `pushing ${String(plan.move.length)} inputs, ${formatSize(plan.bytes)}, to ${kept.where}; ${String(plan.present)} are there`,
  );
  const line = progressLine(process.stderr, 'pushing');
  await care.push(store, kept, plan, clock, line.show);
  line.end();
  const { move, bytes, present } = plan;
  answer(
    options.json === true,
    { pushed: move.length, bytes, present, where: kept.where },
    `pushed ${String(move.length)} inputs, ${formatSize(bytes)}, and read each again; ${kept.where} has all ${String(move.length + present)}`,
  );
}

export async function pullInputs(options: Common): Promise<void> {
  const { care, store, here, kept, wanted, clock } = await open(options.lock);
  const plan = care.planMove(wanted(), await kept.list(), await here.list());
  note(
    `pulling ${String(plan.move.length)} inputs, ${formatSize(plan.bytes)}, from ${kept.where}; ${String(plan.present)} are here`,
  );
  const line = progressLine(process.stderr, 'pulling');
  await care.pull(kept, store, plan, clock, line.show);
  line.end();
  care.requireAll(plan, kept.where, 'fetch the rest from the mirrors: kiln vault fetch');
  const { move, bytes, present } = plan;
  answer(
    options.json === true,
    { pulled: move.length, bytes, present, where: kept.where },
    `pulled ${String(move.length)} inputs, ${formatSize(bytes)}; the vault has all ${String(move.length + present)}`,
  );
}

/** Fetches what is damaged again: into the vault, and from there into the registry when it is that one's. */
async function repair(project: Project, inputs: readonly Input[], registry: boolean): Promise<void> {
  const { openVault, openKept } = await import('../vault/index.js');
  const kept = openKept(project);
  const vault = openVault(project);
  const line = progressLine(process.stderr);
  try {
    await vault.ensure(inputs, { onProgress: line.show });
    line.end();
    if (registry) for (const { sha256 } of inputs) await kept.put(sha256, vault.path(sha256));
  } finally {
    await vault.close();
  }
}

export async function verifyInputs(options: VerifyOptions): Promise<void> {
  const { project, care, here, kept, reach, clock } = await open(options.lock);
  const { label } = await import('../vault/faults.js');
  const registry = options.registry === true;
  const place = registry ? kept : here;
  const line = progressLine(process.stderr, 'reading');
  const found = await care.findDamaged(place, clock, line.show);
  line.end();
  const known = new Map(
    found.damaged.length === 0
      ? []
      : (await reach()).flatMap(({ lock }) => lock.inputs.map((input) => [input.sha256, input] as const)),
  );
  const damaged = found.damaged.map((sha256) => {
    const input = known.get(sha256);
    return { sha256, input: input === undefined ? 'named by no lock' : label(input) };
  });
  const repaired = options.repair === true && damaged.length > 0;
  if (repaired) {
    for (const sha256 of found.damaged) await place.remove(sha256);
    await repair(
      project,
      found.damaged.flatMap((sha256) => known.get(sha256) ?? []),
      registry,
    );
  }
  if (damaged.length > 0 && !repaired) process.exitCode = 1;
  const lines = damaged.map(({ sha256, input }) => `  ${sha256}  ${input}`);
  answer(
    options.json === true,
    { checked: found.checked, bytes: found.bytes, damaged, repaired, where: place.where },
    [
      `${String(found.checked)} files, ${formatSize(found.bytes)}, in ${place.where}: ${damaged.length === 0 ? 'all are what their names say' : `${String(damaged.length)} damaged`}`,
      ...lines,
      ...(damaged.length === 0
        ? []
        : repaired
          ? ['  removed; what a lock names was fetched again']
          : [
              `  fetch them again: kiln vault verify${registry ? ' --registry' : ''} --repair (nothing was removed)`,
            ]),
    ].join('\n'),
  );
}

export async function collectInputs(options: CollectOptions): Promise<void> {
  const { care, store, here, kept, reach } = await open(options.lock);
  const { withLock } = await import('../files/lock.js');
  const place = options.registry === true ? kept : here;
  const locks = await reach();
  const plan = care.planCollect(
    await place.list(),
    locks.map(({ lock }) => lock),
  );
  const applied = options.apply === true && plan.remove.length > 0;
  if (applied) {
    // A download that is under way is not in any lock yet.
    await withLock(store.lock, 'removes inputs that no lock names', async () => {
      for (const sha256 of plan.remove) await place.remove(sha256);
    });
  }
  const { remove, bytes, keep } = plan;
  answer(
    options.json === true,
    { remove, bytes, keep, locks: locks.map(({ from }) => from), applied, where: place.where },
    [
      `${place.where}: ${String(keep)} files are named by ${String(locks.length)} locks, ${String(remove.length)} by none (${formatSize(bytes)})`,
      ...locks.map(({ from }) => `  reached from ${from}`),
      remove.length === 0
        ? 'nothing to remove'
        : applied
          ? `removed ${String(remove.length)} files, ${formatSize(bytes)}`
          : 'nothing was removed; --apply removes them',
    ].join('\n'),
  );
}
