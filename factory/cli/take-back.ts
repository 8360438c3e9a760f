import { join } from 'node:path';
import { withLock } from '../files/lock';
import { findProject } from '../project';
import { openAws } from '../publish/aws/open';
import { type Withdrawal, withdraw } from '../publish/aws/apply/withdraw';
import { whoAmI } from '../registry/hold';
import type { RegistryHome } from '../registry/home';
import { note } from './output';
import { publishView } from './publish-view';

/** Takes AMIs back at AWS, alone among this project's publications; told as it goes. */
export async function takeBack(
  home: RegistryHome,
  plan: readonly Withdrawal[],
  json: boolean,
): Promise<void> {
  const view = publishView(process.stderr, json, note);
  const aws = await openAws(view.event);
  try {
    await withLock(
      join(findProject().state, 'publish', 'lock'),
      'withdraws publications',
      () => withdraw(aws.effects, home, plan, whoAmI()),
      (holder) => {
        note(`waiting: ${holder}`);
      },
    );
  } finally {
    view.end();
    aws.close();
  }
}
