import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { withLock } from '../files/lock';
import { findProject } from '../project';
import { askedFor } from '../publish/aws/request';
import { openAws } from '../publish/aws/open';
import { planPublish, type Place } from '../publish/aws/plan/plan-publish';
import { hasWork } from '../publish/aws/plan/plan';
import { publish } from '../publish/aws/apply/publish';
import { planWithdrawal, withdraw } from '../publish/aws/apply/withdraw';
import { findImage, readCatalogue, type CatalogueImage } from '../registry/catalogue';
import { noRegistry } from '../registry/errors';
import { openRegistry } from '../registry/open';
import { answer, note } from './output';
import type { Options } from './publish';
import { arrivedText, planJson, planText, publishView, withdrawalText } from './publish-view';

const me = (): string => `${userInfo().username}@${hostname()}`;

/** `kiln publish`: plans, and with --apply does it, alone in this project. */
export async function run(name: string, options: Options): Promise<void> {
  const json = options.json === true;
  const asked = {
    ...askedFor({ to: options.to, share: options.share ?? [], kmsKey: options.kmsKey ?? [] }),
    whole: options.whole === true,
    verify: options.verify === true,
    deprecate: options.deprecate,
  };
  const { state, cache } = findProject();
  const { settings, home } = openRegistry();
  if (!(await home.exists())) throw noRegistry(home.where);
  const view = publishView(process.stderr, json, note);
  const aws = await openAws(view.event);
  const work = async (): Promise<void> => {
    // Read under the lock: what another run here just published counts.
    const catalogue = await readCatalogue(home, settings.image, settings.bakes);
    const target = findImage(catalogue, name);
    const place: Place = { home, catalogue, state, cache };
    if (options.withdraw === true) {
      await takeBack(place, target, asked.regions);
      return;
    }
    const planned = await planPublish(aws.effects, place, target, asked);
    view.end();
    const work = hasWork(planned.plan);
    if (options.apply !== true || !work) {
      const more = work ? 'nothing was changed; with --apply it is done' : 'nothing to do';
      answer(json, { plan: planJson(planned.plan), applied: false }, `${planText(planned.plan)}\n${more}`);
      return;
    }
    if (!json) note(planText(planned.plan));
    const arrived = await publish(aws.effects, place, planned, { by: me(), parallel: options.parallel });
    view.end();
    answer(
      json,
      {
        plan: planJson(planned.plan),
        applied: true,
        images: arrived.map(({ region, ami, snapshot }) => ({ region, ami, snapshot: snapshot.snapshot })),
      },
      arrivedText(arrived),
    );
  };
  const takeBack = async (
    place: Place,
    target: CatalogueImage,
    regions: readonly string[],
  ): Promise<void> => {
    const plan = await planWithdrawal(home, target.digest, place.catalogue.logs, regions);
    if (options.apply === true && plan.length > 0) {
      if (!json) note(withdrawalText(plan));
      await withdraw(aws.effects, home, plan, me());
      answer(json, { plan, applied: true }, `${plan.map(({ ami }) => ami).join(', ')}: deregistered`);
    } else {
      const more = plan.length === 0 ? '' : '\nnothing was changed; with --apply it is done';
      answer(json, { plan, applied: false }, `${withdrawalText(plan)}${more}`);
    }
  };
  try {
    if (options.apply === true) {
      const purpose = `kiln publish ${name}`;
      await withLock(join(state, 'publish', 'lock'), purpose, work, (holder) => {
        note(`waiting: ${holder}`);
      });
    } else {
      await work();
    }
  } finally {
    view.end();
    aws.close();
  }
}
