import { KilnError } from '../../../errors';
import type { RegistryHome } from '../../../registry/home';
import { type Effects, patience } from '../effects';
import { persist } from '../persist';
import { recordAws } from '../publications';
import type { AwsWithdrawal } from '../withdrawal';
import { deleteSnapshot } from './upload';

/** Deregisters AMIs and deletes their snapshots; what is gone already is no error, so that it can be done again. */
export async function withdraw(
  effects: Effects,
  home: RegistryHome,
  plan: readonly AwsWithdrawal[],
  by: string,
): Promise<void> {
  for (const { digest, region, ami, snapshot } of plan) {
    effects.report({ event: 'started', step: 'withdraw', region, detail: ami });
    await persist(
      `deregistering ${ami}`,
      () => effects.images(region).deregister(ami),
      patience(effects, region, 'withdraw'),
    ).catch((error: unknown) => {
      if (!(error instanceof KilnError && error.code === 'aws-missing')) throw error;
    });
    await deleteSnapshot(effects, region, snapshot);
    await recordAws(home, {
      version: 1,
      to: 'aws',
      event: 'withdrawn',
      digest,
      region,
      ami,
      by,
      at: new Date(effects.pause.now()).toISOString(),
    });
  }
}
