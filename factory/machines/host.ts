import { setTimeout as sleep } from 'node:timers/promises';
import { KilnError } from '../errors';
import { exclusively } from '../ports/exclusive-host';
import { hostExec } from '../ports/exec-host';
import { hostHolders } from '../ports/holder-host';
import { CLUSTERS } from './cluster';
import type { Machinery } from './machinery';
import { freePort } from './network';
import { leaveGroups, nspawn } from './nspawn';
import { type Acceleration, probeAcceleration } from './qemu/acceleration';
import { qemuDriver } from './qemu/driver';

async function fetchJson(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined; // not up yet
  }
}

/**
 * The real parts of this machine.
 * @param cache where it is kept whether KVM works.
 */
export function hostMachinery(cache: string): Machinery {
  const acceleration = async (): Promise<Acceleration> => {
    try {
      return await probeAcceleration(hostExec, cache);
    } catch (error) {
      if (!(error instanceof KilnError && error.code === 'missing-tool')) throw error;
      return { accelerator: 'tcg', reason: error.message };
    }
  };
  return {
    holders: hostHolders(hostExec),
    drivers: { nspawn, qemu: qemuDriver(async () => (await acceleration()).accelerator) },
    exclusively,
    acceleration,
    freePort,
    fetchJson,
    clock: { now: Date.now, sleep: (milliseconds) => sleep(milliseconds) },
    leaveGroups: async (list) => {
      const [program, args] = leaveGroups(list);
      await hostExec.run(program, args);
    },
    clusters: CLUSTERS,
  };
}
