import type { ChannelEntry } from '../contracts/channel';
import { KilnError } from '../errors';
import { findImage, readCatalogue, storeBake } from './catalogue';
import type { CatalogueImage } from './catalogue';
import { noRegistry } from './errors';
import type { RegistryHome } from './home';
import { headOf, rollbackTarget } from './log';
import { appendMove } from './move';
import { planMove } from './plan';
import type { MovePlan } from './plan';
import { gatesOf } from './project';
import type { RegistrySettings } from './project';

/** A plan together with what it was made from, so that it is carried out only if that still holds. */
export interface PlannedMove {
  readonly plan: MovePlan;
  readonly target: CatalogueImage;
  /** Length of the channel's log when the plan was made. */
  readonly seen: number;
}

/** @throws KilnError `no-registry`, `unknown-channel`, and what findImage throws. */
export async function planPromotion(
  home: RegistryHome,
  settings: RegistrySettings,
  name: string,
  channel: string,
): Promise<PlannedMove> {
  const gates = gatesOf(settings, channel);
  if (!(await home.exists())) throw noRegistry(home.where);
  const catalogue = await readCatalogue(home, settings.image, settings.bakes);
  const target = findImage(catalogue, name);
  if (target.record.image !== settings.image) {
    throw new KilnError({
      code: 'other-image',
      what: `${name} is an image named ${target.record.image}; the channels of factory.yaml are for ${settings.image}`,
      exitCode: 2,
    });
  }
  const log = catalogue.logs.get(channel) ?? [];
  const from = catalogue.images.find(({ digest }) => digest === headOf(log));
  return { plan: planMove('promote', channel, from, target, gates), target, seen: log.length };
}

/** @throws KilnError `no-registry`, `unknown-channel`, `nothing-to-roll-back-to`. */
export async function planRollback(
  home: RegistryHome,
  settings: RegistrySettings,
  channel: string,
): Promise<PlannedMove> {
  gatesOf(settings, channel);
  if (!(await home.exists())) throw noRegistry(home.where);
  const catalogue = await readCatalogue(home, settings.image, settings.bakes);
  const log = catalogue.logs.get(channel) ?? [];
  const digest = rollbackTarget(log);
  const target = catalogue.images.find((image) => image.digest === digest);
  if (target === undefined) {
    throw new KilnError({
      code: 'nothing-to-roll-back-to',
      what: `channel ${channel} points at no image that came after another`,
      hint: `kiln history ${channel} shows where it pointed`,
      exitCode: 1,
    });
  }
  const from = catalogue.images.find((image) => image.digest === headOf(log));
  return { plan: planMove('rollback', channel, from, target, []), target, seen: log.length };
}

/**
 * Stores the image, where it is not stored yet, then moves the channel.
 * @throws KilnError `channel-moved` when somebody else moved it since the plan; the image stays stored.
 */
export async function apply(
  home: RegistryHome,
  { plan, target, seen }: PlannedMove,
  who: Pick<ChannelEntry, 'by' | 'reason' | 'at'>,
): Promise<ChannelEntry> {
  await storeBake(home, target);
  const { image, channel, action, to } = plan;
  return appendMove(home, { image, channel, action, digest: to, ...who }, seen);
}
