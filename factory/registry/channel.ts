import type { ChannelEntry } from '../contracts/channel';
import { packageChanges, type PackageChange } from '../diff/packages';
import { KilnError } from '../errors';
import type { Exec } from '../ports/machine/exec';
import { hostExec } from '../ports/machine/exec-host';
import { findImage } from './find-image';
import { readCatalogue } from './catalogue';
import { readRevocation } from './read-marks';
import { storeBake } from './store-bake';
import type { Catalogue, CatalogueImage } from './catalogue';
import type { Telling } from './image-files';
import { runIn } from './command';
import { imageRemoved, imageRevoked, noRegistry } from './errors';
import { judge, override } from './gates';
import type { Evidence, GateResult } from './gates/gate';
import { nameOf } from './gates/gate';
import { withLease } from './lease';
import type { RegistryHome } from './home';
import { lockOf } from './locks';
import { headOf, rollbackTarget } from './log';
import { appendMove } from './move';
import { planMove } from './plan';
import type { MovePlan } from './plan';
import { gatesOf } from './project';
import type { RegistrySettings } from './project';
import { fallBack } from './revoke';
import { isStored } from './store-image';

/** A plan together with what it was made from, so that it is carried out only if that still holds. */
export interface PlannedMove {
  readonly plan: MovePlan;
  readonly target: CatalogueImage;
  /** Length of the channel's log when the plan was made. */
  readonly seen: number;
}

export interface PromotionOptions {
  /** Names of gates that somebody answers for. */
  readonly overrides?: readonly string[];
  /** Runs the programs of `command` gates. */
  readonly exec?: Exec;
  /** Milliseconds since the epoch. */
  readonly now?: number;
}

/** Packages of one image that differ in another. */
async function packagesBetween(
  home: RegistryHome,
  from: CatalogueImage | undefined,
  to: CatalogueImage,
): Promise<readonly PackageChange[] | null> {
  if (from === undefined) return null;
  const [before, after] = [await lockOf(home, from), await lockOf(home, to)];
  return before === undefined || after === undefined ? null : packageChanges(before, after);
}

async function judged(
  settings: RegistrySettings,
  channel: string,
  { logs }: Catalogue,
  target: CatalogueImage,
  { overrides = [], exec = hostExec, now = Date.now() }: PromotionOptions,
): Promise<readonly GateResult[]> {
  const names = [...settings.channels.keys()];
  const evidence: Evidence = {
    record: target.record,
    verdicts: target.verdicts,
    now,
    previous: names[names.indexOf(channel) - 1],
    logs,
    endOfLife: settings.endOfLife,
    run: runIn(exec, settings.root, { KILN_IMAGE: target.digest, KILN_CHANNEL: channel }),
  };
  return override(await judge(gatesOf(settings, channel), evidence), overrides);
}

/** @throws KilnError `no-registry`, `unknown-channel`, `image-revoked`, `unknown-gate`, and what findImage throws. */
export async function planPromotion(
  home: RegistryHome,
  settings: RegistrySettings,
  name: string,
  channel: string,
  options: PromotionOptions = {},
): Promise<PlannedMove> {
  gatesOf(settings, channel);
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
  if (target.revoked !== undefined) throw imageRevoked(target.digest, target.revoked);
  const log = catalogue.logs.get(channel) ?? [];
  const from = catalogue.images.find(({ digest }) => digest === headOf(log));
  const gates = await judged(settings, channel, catalogue, target, options);
  const packages = await packagesBetween(home, from, target);
  return { plan: planMove('promote', channel, from, target, gates, packages), target, seen: log.length };
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
  const good = new Map(
    catalogue.images
      .filter(({ revoked, stored }) => revoked === undefined && stored)
      .map((image) => [image.digest, image]),
  );
  const target = good.get(rollbackTarget(log, (digest) => good.has(digest)) ?? '');
  if (target === undefined) {
    throw new KilnError({
      code: 'nothing-to-roll-back-to',
      what: `channel ${channel} points at no image that came after another good one`,
      hint: `kiln history ${channel} shows where it pointed`,
      exitCode: 1,
    });
  }
  const from = catalogue.images.find((image) => image.digest === headOf(log));
  const packages = await packagesBetween(home, from, target);
  return { plan: planMove('rollback', channel, from, target, [], packages), target, seen: log.length };
}

/**
 * Stores the image, where it is not stored yet, then moves the channel.
 * @throws KilnError `channel-moved` when somebody else moved it since the plan; the image stays stored.
 *   `image-revoked`, `image-removed` when that happened meanwhile.
 */
export async function apply(
  home: RegistryHome,
  { plan, target, seen }: PlannedMove,
  who: Pick<ChannelEntry, 'by' | 'reason' | 'at'>,
  telling: Telling = {},
): Promise<ChannelEntry> {
  await storeBake(home, target, telling);
  const { image, channel, action, to } = plan;
  const overrides = plan.gates
    .filter(({ overridden }) => overridden === true)
    .map((gate) => ({ gate: nameOf(gate), detail: gate.detail }));
  return await withLease(home, `moves channel ${channel}`, telling.onWait, async () => {
    // What `kiln gc` and `kiln revoke` did since the plan; from here on the first waits.
    if (!(await isStored(home, to))) throw imageRemoved(to, home.where);
    const before = await readRevocation(home, to);
    if (before !== undefined) throw imageRevoked(to, before);
    const entry = await appendMove(home, { image, channel, action, digest: to, overrides, ...who }, seen);
    // A revocation that read the log before this entry was written left the channel to us.
    const since = await readRevocation(home, to);
    if (since === undefined) return entry;
    await fallBack(home, image, channel, { ...who, reason: `revoked: ${since.reason}` });
    throw imageRevoked(to, since);
  });
}
