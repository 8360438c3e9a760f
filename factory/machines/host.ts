import { setTimeout as sleep } from 'node:timers/promises';
import { KilnError } from '../errors';
import { withLock } from '../files/lock';
import { hostExec } from '../ports/machine/exec-host';
import type { Sandbox } from '../ports/sandbox/sandbox';
import { hostSandboxes } from '../ports/sandbox/sandbox-host';
import { CLUSTERS } from './cluster';
import type { Machinery } from './machinery';
import { freePort } from './network';
import { leaveGroups, nspawn } from './nspawn';
import { type Acceleration, probeAcceleration } from './qemu/acceleration';
import { qemuDriver } from './qemu/driver';

/** Milliseconds that a page may take to answer. */
const PATIENCE = 5000;

/**
 * The timer is one that Node waits for, other than that of AbortSignal.timeout: a request whose connection was closed
 * at an unlucky moment can stay open for ever, and the process would end in the middle of its work.
 */
async function fetchJson(url: string): Promise<unknown> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      controller.abort();
      resolve(undefined);
    }, PATIENCE);
  });
  const answer = async (): Promise<unknown> => {
    const response = await fetch(url, { signal: controller.signal });
    return response.ok ? await response.json() : undefined;
  };
  try {
    return await Promise.race([answer().catch(() => undefined), late]); // not up yet
  } finally {
    clearTimeout(timer);
  }
}

/** Of curl: whatever the reason, nobody answers. */
const CURL_CODES = Array.from({ length: 128 }, (_, code) => code);

async function fetchInside(sandbox: Sandbox, url: string): Promise<unknown> {
  const words = ['--silent', '--fail', '--max-time', '3', '--noproxy', '*', url];
  const { code, stdout } = await sandbox.run('curl', words, { accept: CURL_CODES });
  try {
    return code === 0 ? JSON.parse(stdout) : undefined;
  } catch {
    return undefined; // another program has the port
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
    sandboxes: hostSandboxes(hostExec),
    drivers: { nspawn, qemu: qemuDriver(async () => (await acceleration()).accelerator) },
    withLock,
    acceleration,
    freePort,
    fetchJson,
    fetchInside,
    clock: { now: Date.now, sleep: (milliseconds) => sleep(milliseconds) },
    leaveGroups: async (list) => {
      const [program, args] = leaveGroups(list);
      await hostExec.run(program, args);
    },
    clusters: CLUSTERS,
  };
}
