import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LAYERS } from '../contracts/layers';
import { defined } from '../defined';
import { KilnError } from '../errors';
import { buildLayer, type BuildContext } from '../layers/build';
import { type CachedLayer, LayerCache } from '../layers/cache';
import { type PlannedLayer, planLayers } from '../layers/plan';
import { LOG, tell } from './events';
import { requireOwn } from './own';
import { openSession, type Session } from './session';
import { tellingFailure, tellingGrowth } from './telling';
import { formatDuration, formatSize } from '../units';

/** What building a layer takes; `step` names the log of one that no bake started. */
export function buildContext(session: Session, step: string): BuildContext {
  const { project, exec, vault, locked, code } = session;
  const logs = join(project.state, 'logs');
  mkdirSync(logs, { recursive: true });
  return {
    project,
    exec,
    vault,
    code,
    choices: locked.lock.choices,
    epoch: locked.lock.epoch,
    log: process.env[LOG] ?? join(logs, `${step}.log`),
    keyNow: async (name) =>
      (await planLayers(project, locked.lock, code)).find((each) => each.name === name)?.key,
    onDamage: (layer, what) => {
      tell({ event: 'damaged', step: layer, what });
      process.stdout.write(`${what}\n`);
    },
    onNote: (what) => {
      tell({ event: 'note', step: 'code', what });
      process.stdout.write(`${what}\n`);
    },
  };
}

/**
 * Builds a layer unless it is in the cache, and tells how it goes.
 * @param on `onDamage` is told that something of a layer below was damaged and is made again, `onWaiting` that it
 * waits for other threads or programs.
 */
export async function buildTelling(
  session: Session,
  layer: PlannedLayer,
  on: { readonly onDamage?: () => void; readonly onWaiting?: () => void } = {},
): Promise<CachedLayer> {
  const { project, plan, exec } = session;
  const { name } = layer;
  const started = Date.now();
  tell({ event: 'started', step: name });
  const cached = new LayerCache(project.cache).get(layer.key) !== undefined;
  let stop = (): void => undefined;
  const context = buildContext(session, `layer-${name}`);
  const building: BuildContext = {
    ...context,
    onTree: (folder) => {
      stop = tellingGrowth(exec, name, folder);
    },
    onDamage: (damaged, what) => {
      context.onDamage(damaged, what);
      on.onDamage?.();
    },
    ...defined({ onWaiting: on.onWaiting }),
  };
  const built = await tellingFailure(
    () => name,
    () => buildLayer(building, plan, layer),
  ).finally(() => {
    stop();
  });
  const milliseconds = Date.now() - started;
  tell({ event: 'done', step: name, cached, milliseconds, bytes: built.size });
  process.stdout.write(
    `layer ${name}: ${cached ? 'in the cache' : `built in ${formatDuration(milliseconds)}`}, ${formatSize(built.size)}, ${built.digest}\n`,
  );
  return built;
}

/** `kiln layer NAME`: builds it unless it is in the cache; the layers below must be there. */
export async function runLayer(name: string, lock: string | undefined, offline: boolean): Promise<void> {
  if (!(LAYERS as readonly string[]).includes(name)) {
    throw new KilnError({
      code: 'no-layer',
      what: `there is no layer ${name}`,
      hint: `layers: ${LAYERS.join(', ')}`,
      exitCode: 2,
    });
  }
  const session = await openSession({ ...defined({ lock }), offline });
  const { project, plan, vault } = session;
  try {
    requireOwn(project);
    const layer = plan.find((each) => each.name === name);
    if (layer === undefined) throw new Error(`layer ${name} is not planned`);
    await buildTelling(session, layer);
  } finally {
    await vault.close();
  }
}
