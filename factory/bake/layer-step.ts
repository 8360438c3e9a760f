import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LayerName } from '../contracts/layers';
import { defined } from '../defined';
import { buildLayer, rebuildLayer, type BuildContext } from '../layers/build';
import { type CachedLayer, LayerCache } from '../layers/cache';
import { planLayers } from '../layers/plan';
import { requireKeyed } from '../layers/resolve';
import { requireLayer } from '../recipes';
import { LOG, report } from './events';
import { requireOwn } from './own';
import { openSession, type Session } from './session';
import { reportingFailure, reportingGrowth } from './reporting';
import { formatDuration, formatSize } from '../units';

/** What building a layer takes; `step` names the log of one that no bake started. */
export function buildContext(session: Session, step: string): BuildContext {
  const { project, exec, vault, locked, code, plan } = session;
  const logs = join(project.state, 'logs');
  mkdirSync(logs, { recursive: true });
  return {
    ...{ project, exec, vault, code, plan },
    lock: locked.lock,
    log: process.env[LOG] ?? join(logs, `${step}.log`),
    ownNow: async (name) =>
      (await planLayers(project, locked.lock, code)).find((each) => each.name === name)?.own,
    onDamage: (layer, what) => {
      report({ event: 'damaged', step: layer, what });
      process.stdout.write(`${what}\n`);
    },
    onNote: (layer, what) => {
      report({ event: 'note', step: layer, what });
      process.stdout.write(`${what}\n`);
    },
  };
}

export interface Building {
  /** Called when something of a layer below was damaged and is made again. */
  readonly onDamage?: () => void;
  /** Called when it waits for other threads or programs. */
  readonly onWaiting?: () => void;
  /** Ends the recipe. */
  readonly signal?: AbortSignal;
}

/**
 * Builds a layer unless it is in the cache, and reports how it goes.
 * @throws KilnError `layer-missing` when a layer that it sees is not built.
 */
export async function buildTelling(
  session: Session,
  name: LayerName,
  on: Building = {},
): Promise<CachedLayer> {
  const { project, plan, exec } = session;
  const started = Date.now();
  let stop = (): void => undefined;
  const context = buildContext(session, `layer-${name}`);
  const building: BuildContext = {
    ...context,
    onTree: (folder) => {
      stop = reportingGrowth(exec, name, folder);
    },
    onDamage: (damaged, what) => {
      context.onDamage(damaged, what);
      on.onDamage?.();
    },
    ...defined({ onWaiting: on.onWaiting, signal: on.signal }),
  };
  report({ event: 'started', step: name });
  const { built, cached } = await reportingFailure(
    () => name,
    async () => {
      const standing = requireKeyed(plan, new LayerCache(project.cache), name);
      return {
        cached: standing.cached !== undefined,
        built: standing.damaged
          ? await rebuildLayer(building, name)
          : await buildLayer(building, standing.keyed),
      };
    },
    on.signal,
  ).finally(() => {
    stop();
  });
  const milliseconds = Date.now() - started;
  report({ event: 'done', step: name, cached, milliseconds, bytes: built.size });
  process.stdout.write(
    `layer ${name}: ${cached ? 'in the cache' : `built in ${formatDuration(milliseconds)}`}, ${formatSize(built.size)}, ${built.digest}\n`,
  );
  return built;
}

/** `kiln layer NAME`: builds it unless it is in the cache; the layers that it sees must be there. */
export async function runLayer(name: string, lock: string | undefined, offline: boolean): Promise<void> {
  const session = await openSession({ ...defined({ lock }), offline });
  const { project, vault } = session;
  try {
    requireLayer(project.home, name);
    requireOwn(project);
    await buildTelling(session, name);
  } finally {
    await vault.close();
  }
}
