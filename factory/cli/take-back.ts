import { join } from 'node:path';
import { withLock } from '../files/lock';
import { findProject } from '../project';
import type { Platform, Withdrawal } from '../publish/platform';
import { PLATFORMS } from '../publish/platforms';
import { whoAmI } from '../registry/lease';
import type { RegistryHome } from '../registry/home';
import { note } from './output';
import { publishView } from './publish-view';

/** Takes back what stands on platforms, alone among this project's publications; reported as it goes. */
export async function takeBack(
  home: RegistryHome,
  plan: readonly Withdrawal[],
  json: boolean,
): Promise<void> {
  await withLock(
    join(findProject().state, 'publish', 'lock'),
    'withdraws publications',
    async () => {
      for (const [name, declared] of Object.entries(PLATFORMS)) {
        const here = plan.filter(({ to }) => to === name);
        if (here.length > 0) await takeBackFrom(home, await declared.load(), here, json);
      }
    },
    (holder) => {
      note(`waiting: ${holder}`);
    },
  );
}

async function takeBackFrom(
  home: RegistryHome,
  platform: Platform,
  plan: readonly Withdrawal[],
  json: boolean,
): Promise<void> {
  const view = publishView(process.stderr, json, note);
  const connection = await platform.connect(view.event);
  try {
    await connection.withdraw(home, plan, whoAmI());
  } finally {
    view.end();
    connection.close();
  }
}
