import { availableParallelism, totalmem } from 'node:os';
import type { LayerName } from '../contracts/layers';
import { type CachedLayer, LayerCache } from '../layers/cache';
import type { GrowingLayers } from '../layers/growing';
import { resolveLayers, type Standing } from '../layers/resolve';
import { buildTelling } from './layer-step';
import { type Bounds, runSteps, type Step } from './schedule';
import type { Session } from './session';
import { type StepsBefore, stepsBefore } from './steps-before';

const MIB = 1 << 20;
/** Part of the memory that recipes may have: the assembly, the page cache and others need the rest. */
const SHARE = 0.75;

const boundsOf = (): Bounds => ({
  threads: availableParallelism(),
  memory: (totalmem() / MIB) * SHARE,
});

/** The layers that are not built as steps of the schedule: each needs those that it sees. */
export function stepsOf(standings: readonly Standing[], before: StepsBefore): readonly Step[] {
  return standings
    .filter(({ cached }) => cached === undefined)
    .map(({ layer: { name, declared } }) => {
      const measured = before[name]?.milliseconds;
      return {
        name,
        needs: declared.sees.map(({ layer }) => layer),
        threads: declared.threads,
        memory: declared.memory,
        seconds: measured === undefined ? declared.seconds : measured / 1000,
      };
    });
}

/**
 * All layers of the plan; those that are not in the cache are built, side by side as far as they do not wait for each
 * other. Returns those of the image, as soon as building waits for something: there is time to read what is built.
 */
export async function buildLayers(session: Session): Promise<GrowingLayers> {
  const { plan, project } = session;
  const standings = resolveLayers(plan, new LayerCache(project.cache));
  const there = new Map<LayerName, CachedLayer>();
  for (const { layer, cached } of standings) if (cached !== undefined) there.set(layer.name, cached);
  const ofImage = plan.filter(({ declared }) => declared.inImage);
  const first = ofImage.findIndex(({ name }) => !there.has(name));
  const at = first === -1 ? ofImage.length : first;
  const built = layersOf(ofImage.slice(0, at), there);
  const steps = stepsOf(standings, stepsBefore(project));
  if (steps.length === 0) return { built };
  let isMended = false;
  const onDamage = (): void => {
    isMended = true;
  };
  return await new Promise((resolve, reject) => {
    const build = async (): Promise<readonly CachedLayer[]> => {
      await runSteps(steps, boundsOf(), async ({ name }, signal) => {
        there.set(name, await buildTelling(session, name, { onDamage, onWaiting, signal }));
      });
      return layersOf(ofImage.slice(at), there);
    };
    const onWaiting = (): void => {
      resolve({ built, above, isMended: () => isMended });
    };
    const above = build();
    above.then(onWaiting, reject);
  });
}

const layersOf = (
  planned: readonly { readonly name: LayerName }[],
  there: ReadonlyMap<LayerName, CachedLayer>,
): readonly CachedLayer[] =>
  planned.map(({ name }) => {
    const layer = there.get(name);
    if (layer === undefined) throw new Error(`layer ${name} was not built`);
    return layer;
  });
