import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Input } from '../contracts/lock';
import type { ImageRecord } from '../contracts/record';
import { KilnError } from '../errors';
import { LayerCache } from '../layers/cache';
import { resolveLayers } from '../layers/resolve';
import { sweepWork } from '../files/work-folder';
import type { Project } from '../project';
import type { FetchProgress } from '../progress';
import { withBakeLock } from './bake-lock';
import { eventsAfter, type BakeEvent } from './events';
import { assemblyKey, bakedBefore } from './index-file';
import { rememberLayers } from './explain';
import { runPacker } from './packer';
import type { Session } from './session';
import { rememberSteps, stepsBefore, type StepsBefore } from './steps-before';
import { asNoSpace, requireSpace, spaceNeeds } from './space';

/** What a person is shown while it goes on. */
export interface BakeView {
  readonly waitingFor: (holder: string) => void;
  readonly checking: (what: string) => void;
  readonly fetching: (progress: FetchProgress) => void;
  readonly fetched: () => void;
  /** An input that its mirror did not serve came from elsewhere. */
  readonly fallback: (input: Input, from: string) => void;
  /** What each step took when it was last done here. */
  readonly begins: (before: StepsBefore) => void;
  readonly event: (event: BakeEvent) => void;
}

export interface BakeOutcome {
  readonly record: ImageRecord;
  readonly folder: string;
  /** False when nothing had changed since an earlier bake. */
  readonly baked: boolean;
  readonly steps: readonly Extract<BakeEvent, { event: 'done' }>[];
}

/** Milliseconds between two looks at what Packer's steps report. */
const POLL = 250;
/** Logs of earlier bakes that are kept. */
const LOGS = 10;

function newLog(project: Project): string {
  const folder = join(project.state, 'logs');
  mkdirSync(folder, { recursive: true });
  const old = readdirSync(folder)
    .filter((name) => name.startsWith('bake-'))
    .sort();
  for (const name of old.slice(0, Math.max(0, old.length - LOGS + 1))) rmSync(join(folder, name));
  return join(folder, `bake-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.log`);
}

/** Calls back for every event as it is written, until stopped. */
function follow(file: string, onEvent: (event: BakeEvent) => void): () => void {
  let seen = 0;
  const look = (): void => {
    for (const event of eventsAfter(file, seen)) {
      seen += 1;
      onEvent(event);
    }
  };
  const timer = setInterval(look, POLL);
  return () => {
    clearInterval(timer);
    look();
  };
}

/** Removes what a killed bake left: it may have been so near its end that nothing of it is done again. */
async function sweep(project: Project): Promise<void> {
  for (const place of [project.state, project.cache]) await sweepWork(place);
}

/**
 * The bake: checks that cost nothing come first (who else bakes, is it baked already, disk space, pins that no
 * mirror serves any more), then downloads, then Packer.
 * @throws KilnError `no-space`, `pins-gone`, `offline`, `bake-failed` and the vault's.
 */
export async function bake(session: Session, view: BakeView): Promise<BakeOutcome> {
  const { project, plan, vault, locked } = session;
  const key = await assemblyKey(plan, locked.digest);
  const before = bakedBefore(project, key);
  if (before !== undefined) {
    await sweep(project);
    return { ...before, baked: false, steps: [] };
  }
  return await withBakeLock(project, view.waitingFor, async () => {
    // Whoever was waited for may have baked the same.
    const meanwhile = bakedBefore(project, key);
    if (meanwhile !== undefined) return { ...meanwhile, baked: false, steps: [] };

    const cache = new LayerCache(project.cache);
    // What waits for another layer may have to be built: its inputs must be there.
    const layers = resolveLayers(plan, cache).map(({ layer, cached }) => ({ ...layer, built: cached?.size }));
    const wanted = [
      ...new Set([
        ...layers.filter((layer) => layer.built === undefined).flatMap((layer) => [...layer.inputs]),
        ...locked.lock.inputs.filter((input) => input.use === 'tools'),
      ]),
    ];
    const bytes = (inputs: readonly { readonly size: number }[]): number =>
      inputs.reduce((sum, input) => sum + input.size, 0);
    view.checking('disk space');
    const needs = spaceNeeds({
      cache: project.cache,
      state: project.state,
      atOnce: availableParallelism(),
      missing: bytes(vault.missing(wanted)),
      layers: layers.map(({ declared, inputs, built }) => ({ declared, inputs: bytes(inputs), built })),
    });
    requireSpace(needs);
    view.checking('pins');
    await vault.findGone(wanted);
    await vault.ensure(wanted, { onProgress: view.fetching, onFallback: view.fallback });
    view.fetched();

    const log = newLog(project);
    const events = `${log}.events`;
    const steps: Extract<BakeEvent, { event: 'done' }>[] = [];
    view.begins(stepsBefore(project));
    const report = (event: BakeEvent): void => {
      if (event.event === 'done') steps.push(event);
      view.event(event);
    };
    for (const { name, built } of layers) {
      if (built === undefined) continue;
      report({ event: 'started', step: name });
      report({ event: 'done', step: name, cached: true, milliseconds: 0, bytes: built });
    }
    const stop = follow(events, report);
    try {
      await runPacker({ project, exec: session.exec, log, events, layers: plan.map(({ name }) => name) });
    } catch (error) {
      throw asNoSpace(error, existsSync(log) ? readFileSync(log, 'utf8') : '', needs);
    } finally {
      stop();
      rmSync(events, { force: true });
    }
    await sweep(project);
    rememberLayers(session);
    rememberSteps(project, steps);
    const baked = bakedBefore(project, key);
    if (baked === undefined) {
      throw new KilnError({
        code: 'sources-changed',
        what: 'files of the project changed while they were baked: the image is not the one that was asked for',
        hint: `bake again: what did not change is in the cache\nthe whole log: ${log}`,
      });
    }
    return { ...baked, baked: true, steps };
  });
}
