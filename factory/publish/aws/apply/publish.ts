import { defined } from '../../../defined';
import { KilnError } from '../../../errors';
import { storeBake } from '../../../registry/store-bake';
import type { RegistryHome } from '../../../registry/home';
import type { Deprecation } from '../plan/deprecation';
import { type Effects, patience } from '../effects';
import { type Arrived, intoFirst, intoOther } from './into-region';
import type { Planned } from '../plan/plan-publish';
import type { Manner, Place } from '../../platform';
import { persist } from '../persist';
import type { RegionPlan } from '../plan/plan';
import { recordAws } from '../publications';
import { deleteSnapshot } from './upload';

/**
 * Carries a plan out. Whatever ends it on the way, the same command goes on from there: what was done is found again
 * by name, tags and journal.
 * @returns the image in each region of the plan.
 */
export async function publish(
  effects: Effects,
  { home }: Place,
  planned: Planned,
  { by, parallel }: Manner,
): Promise<readonly Arrived[]> {
  const { plan } = planned;
  const [first, ...others] = plan.regions;
  if (first === undefined) return [];
  if (plan.store) {
    effects.report({ event: 'started', step: 'store' });
    await storeBake(home, planned.target);
  }
  await removeLeftovers(effects, plan.regions);
  const arrived = await intoFirst(effects, planned, first, parallel);
  await finish(effects, home, planned, first, arrived, by);
  // Every copy goes on although another fails: each is worth having.
  const copies = await Promise.allSettled(
    others.map(async (region) => {
      const copy = await intoOther(effects, planned, region, arrived, parallel);
      await finish(effects, home, planned, region, copy, by);
      return copy;
    }),
  );
  const failed = copies.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  if (failed.length > 0) throw incomplete(failed, others);
  for (const { deprecate } of plan.regions)
    for (const each of deprecate) await deprecateImage(effects, home, each, by);
  return [arrived, ...copies.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))];
}

async function removeLeftovers(effects: Effects, regions: readonly RegionPlan[]): Promise<void> {
  for (const { region, leftovers } of regions) {
    for (const { snapshot, action } of leftovers) {
      if (action !== 'delete') continue;
      effects.report({ event: 'started', step: 'delete', region, detail: snapshot });
      await deleteSnapshot(effects, region, snapshot);
    }
  }
}

const now = ({ pause }: Effects): string => new Date(pause.now()).toISOString();

/** Records what arrived, and shares it: the snapshot before the image, which is of no use without. */
async function finish(
  effects: Effects,
  home: RegistryHome,
  { plan: { record, name } }: Planned,
  { way, share }: RegionPlan,
  { region, ami, snapshot, origin }: Arrived,
  by: string,
): Promise<void> {
  const common = { version: 1, to: 'aws', digest: record.digest, region, ami, by } as const;
  if (way.kind !== 'there' || !way.recorded) {
    await recordAws(home, {
      ...common,
      at: now(effects),
      event: 'published',
      image: record.image,
      name,
      account: snapshot.account,
      snapshot: snapshot.snapshot,
      volumeSize: snapshot.volumeSize,
      kmsKey: snapshot.kmsKey ?? null,
      origin,
    });
  }
  if (share.length === 0) return;
  effects.report({ event: 'started', step: 'share', region, detail: share.join(', ') });
  const images = effects.images(region);
  const calls = patience(effects, region, 'share');
  await persist(`sharing ${snapshot.snapshot}`, () => images.shareSnapshot(snapshot.snapshot, share), calls);
  await persist(`sharing ${ami}`, () => images.shareImage(ami, share), calls);
  await recordAws(home, { ...common, at: now(effects), event: 'shared', accounts: [...share] });
}

async function deprecateImage(
  effects: Effects,
  home: RegistryHome,
  { region, ami, digest, from }: Deprecation,
  by: string,
): Promise<void> {
  effects.report({
    event: 'started',
    step: from === undefined ? 'list again' : 'deprecate',
    region,
    detail: ami,
  });
  // Asked for again with time to come: the plan may have waited for hours of upload.
  const until = from === undefined ? undefined : later(effects, from);
  await persist(
    `deprecating ${ami}`,
    () => effects.images(region).deprecate(ami, until),
    patience(effects, region, 'deprecate'),
  );
  await recordAws(home, {
    version: 1,
    to: 'aws',
    event: 'deprecated',
    digest,
    region,
    ami,
    from: until ?? null,
    by,
    at: now(effects),
  });
}

/** The planned time, or if that went by, five minutes from now. */
const later = ({ pause }: Effects, from: string): string =>
  new Date(Math.max(Date.parse(from), pause.now() + 5 * 60_000)).toISOString();

function incomplete(errors: readonly unknown[], asked: readonly RegionPlan[]): unknown {
  const [only] = errors;
  if (errors.length === 1 || !errors.every((each) => each instanceof KilnError)) return only;
  return new KilnError({
    code: 'publish-incomplete',
    what: `${errors.length} of ${asked.length} copies failed; the first region has the image`,
    hint: 'run the same command again: what was done stays done',
    faults: errors.map((each) => ({
      where: each.code,
      what: each.message,
      ...defined({ hint: each.hint }),
    })),
  });
}
