import { Command } from 'commander';
import type { RevocationPlan } from '../registry/revoke';

interface Options {
  readonly reason?: string;
  readonly apply?: boolean;
  readonly json?: boolean;
}

function planText({ digest, revokes, channels, uses }: RevocationPlan, applying: boolean): string {
  return [
    `revoke ${digest}`,
    ...revokes.filter(({ because }) => because !== null).map((each) => `  and ${each.digest}, built upon it`),
    ...revokes.filter(({ already }) => already).map((each) => `  revoked before: ${each.digest}`),
    ...channels.map(({ image, channel, to }) =>
      to === null
        ? `  channel ${channel} of ${image} has no good image left: nothing can be deployed from it until one is promoted`
        : `  channel ${channel} of ${image} falls back to ${to}`,
    ),
    ...(channels.length === 0 ? ['  no channel points at it'] : []),
    ...uses.map(
      ({ cluster, nodes, at }) =>
        `  runs on ${cluster}: ${nodes.join(', ')} (reported ${at}); these stay as they are`,
    ),
    ...(uses.length === 0 ? ['  no machine is reported to run it'] : []),
    ...(applying ? [] : ['nothing was changed; with --apply it is done, and cannot be undone']),
  ].join('\n');
}

export function revoke(): Command {
  return new Command('revoke')
    .description(
      'forbid an image and what was built on it, for ever; channels fall back to their last good image; shows the plan, does it with --apply',
    )
    .argument('<image>', 'a digest or its beginning, or a channel that points at it')
    .option('--reason <text>', 'why; kept for ever')
    .option('--apply', 'do it')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  kiln revoke sha256:0f3a91 --reason "leaks credentials, CVE-2026-1234" --apply\n\n' +
        'Machines that run it stay as they are: the plan names them; cdktf deploy rolls them.\n' +
        'Exit code 1: a channel has no good image left.',
    )
    .action(async (name: string, options: Options) => {
      const { applyRevocation, planRevocation } = await import('../registry/revoke.js');
      const { openRegistry } = await import('../registry/open.js');
      const { whoAmI } = await import('../registry/lease.js');
      const { answer, note } = await import('./output.js');
      const { reasonMissing } = await import('./reason.js');
      const { registryProgress } = await import('./registry-progress.js');
      const reason = (options.reason ?? '').trim();
      if (reason === '') throw reasonMissing('a revocation');
      const { settings, home } = openRegistry();
      const plan = await planRevocation(home, settings, name);
      const json = options.json === true;
      if (plan.channels.some(({ to }) => to === null)) process.exitCode = 1;
      if (options.apply !== true) {
        answer(json, { plan, applied: false, entries: [] }, planText(plan, false));
        return;
      }
      note(planText(plan, true));
      const who = { by: whoAmI(), reason, at: new Date().toISOString() };
      const entries = await applyRevocation(home, plan, who, registryProgress('revoking'));
      answer(
        json,
        { plan, applied: true, entries },
        [
          `revoked: ${plan.revokes.map(({ digest }) => digest).join(', ')}`,
          ...entries.map(
            ({ channel, digest }) => `${channel} is ${digest} now. cdktf deploy STACK rolls its machines.`,
          ),
        ].join('\n'),
      );
    });
}
