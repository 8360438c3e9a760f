import { join } from 'node:path';
import { withLock } from '../files/lock';
import { findProject } from '../project';
import type { Connection, Place, Request, Withdrawal } from '../publish/platform';
import { parseTarget, type Target } from '../publish/target';
import { planWithdrawal } from '../publish/withdrawal';
import { type CatalogueImage, readCatalogue } from '../registry/catalogue';
import { findImage } from '../registry/find-image';
import { noRegistry } from '../registry/errors';
import { whoAmI } from '../registry/lease';
import { openRegistry } from '../registry/open';
import { answer, note } from './output';
import type { Options } from './publish';
import { publishView } from './publish-view';

interface Run {
  readonly target: Target;
  readonly connection: Connection<Request, Withdrawal>;
  readonly place: Place;
  readonly image: CatalogueImage;
  readonly options: Options;
  /** Ends the line of a step that is under way. */
  readonly endLine: () => void;
}

/** `kiln publish`: plans, and with --apply does it, alone in this project. */
export async function run(name: string, options: Options): Promise<void> {
  const json = options.json === true;
  const target = await parseTarget(options.to, options);
  const { state, cache } = findProject();
  const { settings, home } = openRegistry();
  if (!(await home.exists())) throw noRegistry(home.where);
  const view = publishView(process.stderr, json, note);
  const connection = await target.platform.connect(view.event);
  const work = async (): Promise<void> => {
    // Read under the lock: what another run here just published counts.
    const catalogue = await readCatalogue(home, settings.image, settings.bakes);
    const image = findImage(catalogue, name);
    const place: Place = { home, catalogue, state, cache };
    const all: Run = { target, connection, place, image, options, endLine: view.end };
    await (options.withdraw === true ? withdrawImage(all) : publishImage(all));
  };
  try {
    if (options.apply === true) {
      await withLock(join(state, 'publish', 'lock'), `kiln publish ${name}`, work, (holder) => {
        note(`waiting: ${holder}`);
      });
    } else {
      await work();
    }
  } finally {
    view.end();
    connection.close();
  }
}

async function publishImage({ target, connection, place, image, options, endLine }: Run): Promise<void> {
  const json = options.json === true;
  const plan = await connection.plan(place, image, target.request);
  endLine();
  if (options.apply !== true || !plan.hasWork) {
    const more = plan.hasWork ? 'nothing was changed; with --apply it is done' : 'nothing to do';
    answer(json, { plan: plan.json, applied: false }, `${plan.text}\n${more}`);
    return;
  }
  if (!json) note(plan.text);
  const { text, images } = await plan.apply({ by: whoAmI(), parallel: options.parallel });
  endLine();
  answer(json, { plan: plan.json, applied: true, images }, text);
}

async function withdrawImage({ target, connection, place, image, options }: Run): Promise<void> {
  const json = options.json === true;
  const { platform, request } = target;
  const { home, catalogue } = place;
  const plan = await planWithdrawal(home, image.digest, catalogue.logs, platform, request);
  const lines = (tense: 'todo' | 'done'): string =>
    plan.map((each) => platform.describe(each)[tense]).join('\n');
  if (options.apply === true && plan.length > 0) {
    if (!json) note(lines('todo'));
    await connection.withdraw(home, plan, whoAmI());
    answer(json, { plan, applied: true }, lines('done'));
  } else if (plan.length === 0) {
    answer(json, { plan, applied: false }, 'nothing of it is published there');
  } else {
    answer(json, { plan, applied: false }, `${lines('todo')}\nnothing was changed; with --apply it is done`);
  }
}
