import { apply } from '../registry/channel';
import type { PlannedMove } from '../registry/channel';
import { whoAmI } from '../registry/lease';
import type { RegistryHome } from '../registry/home';
import { isAllowed } from '../registry/plan';
import { planPage } from '../registry/show';
import { answer, note } from './output';
import { registryProgress } from './registry-progress';

/** What `promote` and `rollback` share: show the plan, and with --apply do it. Exit code 1 when a gate does not hold. */
export async function carryOut(
  home: RegistryHome,
  planned: PlannedMove,
  options: { readonly reason?: string; readonly apply?: boolean; readonly json?: boolean },
): Promise<void> {
  const { plan } = planned;
  const json = options.json === true;
  const allowed = isAllowed(plan);
  const wanted = options.apply === true && allowed && plan.moves;
  if (!wanted) {
    answer(json, { plan, allowed, applied: false, entry: null }, planPage(plan, options.apply === true));
    if (!allowed) process.exitCode = 1;
    return;
  }
  note(planPage(plan, true));
  const entry = await apply(
    home,
    planned,
    {
      by: whoAmI(),
      reason: options.reason ?? '',
      at: new Date().toISOString(),
    },
    registryProgress('storing'),
  );
  answer(
    json,
    { plan, allowed, applied: true, entry },
    `${plan.channel} is ${plan.to} now (entry ${String(entry.sequence)}). cdktf deploy STACK puts it on machines.`,
  );
}
