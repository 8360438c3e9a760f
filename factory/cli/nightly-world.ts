import { hostname } from 'node:os';
import { join } from 'node:path';
import { KilnError } from '../errors';
import { readAsked } from '../lock/asked';
import type { Change } from '../nightly/change';
import type { Night } from '../nightly/effects';
import { hostEffects, newestReport, type World } from '../nightly/effects-host';
import { stateOf } from '../nightly/journal';
import { sourcesDigest } from '../nightly/layers-now';
import { type NightEvent, runNight } from '../nightly/night';
import { beginNight, journalOf, standing } from '../nightly/nights';
import { type Facts, isUnchanged, nextStep } from '../nightly/plan';
import { requireGit } from '../nightly/propose';
import { changeOf } from '../nightly/propose-change';
import { askedDigest, resolveNow } from '../nightly/refresh/resolve';
import { requireRegistry } from '../nightly/registry';
import { nightlySettings, type NightlySettings } from '../nightly/settings';
import type { Move, Result, Step } from '../nightly/steps';
import { hostClock } from '../ports/machine/clock';
import { tryLock } from '../files/lock';
import { hostExec } from '../ports/machine/exec-host';
import { hostKiln } from '../ports/kiln/kiln-host';
import { mirrorSettings } from '../ports/inputs/mirrors-settings';
import { findProject } from '../project';
import { readSpec } from '../spec/read';
import { openLockPorts } from './lock-ports';
import { requireRoot } from './require-root';
import { kilnVersion } from './subject';

export interface NightView {
  readonly report: (event: NightEvent | NightNews) => void;
  readonly progress: (step: Step, line: string) => void;
}

type NightNews =
  | { readonly event: 'night-began'; readonly run: string; readonly folder: string }
  | { readonly event: 'night-resumed'; readonly run: string; readonly folder: string; readonly at: string };

interface OpenWorld {
  readonly world: World;
  readonly settings: NightlySettings;
  readonly facts: Facts;
  readonly kilnVersion: string;
  readonly view: NightView;
  readonly close: () => Promise<void>;
}

/**
 * All that a night works with, checked as far as that costs nothing.
 * @throws KilnError `spec-invalid`, `no-registry`, `no-proposal`.
 */
export async function openWorld(view: NightView): Promise<OpenWorld> {
  const project = findProject();
  const { spec } = readSpec(project);
  const settings = nightlySettings(spec);
  await requireRegistry();
  if (settings.branch !== undefined) await requireGit(hostExec, project, settings.branch);
  const version = await kilnVersion(project.home);
  const ports = openLockPorts(project, (line) => {
    view.progress('refresh', line);
  });
  return {
    settings,
    view,
    kilnVersion: version,
    facts: {
      ...settings,
      asked: askedDigest(project, readAsked(project), version),
      sources: await sourcesDigest(project, spec.code),
    },
    world: {
      project,
      spec,
      channel: settings.channel,
      exec: hostExec,
      kiln: hostKiln(project.home, project.root),
      resolve: () =>
        resolveNow(project, { ...ports, clock: hostClock, settings: mirrorSettings(process.env) }, version),
      progress: view.progress,
      host: hostname(),
    },
    close: async () => {
      await ports.channels.close();
    },
  };
}

export interface NightPlan {
  readonly image: string;
  readonly channel: string;
  readonly promote: readonly string[];
  readonly branch: string | null;
  /** An unfinished night that would be gone on with, and where. */
  readonly resumes: { readonly run: string; readonly at: Step | 'end' } | null;
  /** Null when a night is gone on with: then its own journal says. */
  readonly unchanged: boolean | null;
  readonly change: Change | null;
}

/** What `--apply` would do; asks the registries, changes nothing. */
export async function planned({ world, settings, facts }: OpenWorld, fresh: boolean): Promise<NightPlan> {
  const { project, spec } = world;
  const about = { image: spec.image, ...settings, branch: settings.branch ?? null };
  const { open, previous } = standing(project, hostClock.now(), fresh);
  if (open !== undefined) {
    const next = nextStep(stateOf(journalOf(project, open.run).read()), facts);
    return { ...about, resumes: { run: open.run, at: next.do }, unchanged: null, change: null };
  }
  const resolved = await world.resolve();
  if (isUnchanged(resolved.digest, facts.sources, previous))
    return { ...about, resumes: null, unchanged: true, change: null };
  const proposed = { ...project, spec: join(project.state, 'nightly', 'resolved', 'factory.yaml') };
  const { change } = await changeOf(project, readAsked(proposed), resolved, previous);
  return { ...about, resumes: null, unchanged: false, change };
}

export interface NightEnd {
  readonly run: string;
  readonly folder: string;
  readonly resumed: boolean;
  readonly result: Result;
  /** The step that said no. */
  readonly refused: Step | null;
  readonly image: string | null;
  readonly lock: string;
  readonly moves: readonly Move[];
  readonly branch: string | null;
  /** The page of this night; of the last one with a page, when nothing changed. */
  readonly report: string | null;
}

/** @throws KilnError `not-root`, `nightly-running`, `nightly-failed`. */
export async function carriedOut(opened: OpenWorld, fresh: boolean): Promise<NightEnd> {
  requireRoot('nights, which boot what they bake,');
  const { world, facts, view } = opened;
  const { project } = world;
  const lock = join(project.state, 'nightly', 'lock');
  const purpose = `night since ${new Date(hostClock.now()).toISOString()}`;
  const outcome = await tryLock(lock, purpose, async () => {
    const now = hostClock.now();
    const stands = standing(project, now, fresh);
    const night: Night = stands.open ?? beginNight(project, stands, now, opened.kilnVersion);
    const journal = journalOf(project, night.run);
    const { run, folder } = night;
    const resumed = stands.open !== undefined;
    view.report(
      resumed
        ? { event: 'night-resumed', run, folder, at: nextStep(stateOf(journal.read()), facts).do }
        : { event: 'night-began', run, folder },
    );
    const { end, state } = await runNight({
      night,
      journal,
      facts,
      clock: hostClock,
      effects: hostEffects(world),
      report: view.report,
    });
    const { finished } = state;
    const { result, refused, image, lock: digest } = end;
    return {
      run,
      folder,
      resumed,
      result,
      refused: refused ?? null,
      image: image ?? null,
      lock: digest,
      moves: [
        ...(finished.register === undefined ? [] : [finished.register.output]),
        ...(finished.promote?.output.moves ?? []),
      ],
      branch: finished.propose?.output.branch ?? null,
      report: finished.report?.output.file ?? (result === 'unchanged' ? newestReport(project) : null),
    };
  });
  if ('done' in outcome) return outcome.done;
  throw new KilnError({
    code: 'nightly-running',
    exitCode: 1,
    what: `another night of this project runs: ${outcome.holder}`,
    hint: 'wait for it; its journal is the newest in .kiln/nightly/runs',
  });
}
