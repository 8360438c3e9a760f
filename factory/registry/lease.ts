import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lease } from '../contracts/registry';
import { KilnError } from '../errors';
import type { RegistryHome } from './home';
import { COLLECTOR, LEASES, leaseKey } from './layout';
import { parseOrThrow } from './log';

/*
 * Any number of writers, or one collector. A writer puts up its lease and then looks for a collector; a collector
 * puts up its mark and then looks for leases: whichever comes second sees the first, since both homes show at once
 * what was written. Each is renewed while its process works, and means nothing once it is past its time.
 */

/** Milliseconds that a lease or the collector's mark is good for, and after which it is renewed. */
const GOOD_FOR = 10 * 60_000;
const RENEW = 2 * 60_000;
/** Milliseconds by which clocks may differ: for so long past its time a mark is still believed. */
const SKEW = 60_000;
const POLL = 1000;

/** Boot and PID namespace: where a pid means this process. */
function pidSpace(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return randomUUID();
  }
}

const PID_SPACE = pidSpace();

/** `user@host`, as entries and marks carry it. */
export const whoAmI = (): string => `${userInfo().username}@${hostname()}`;

const markOf = (operation: string, purpose: string): Lease => ({
  version: 1,
  operation,
  purpose,
  place: PID_SPACE,
  pid: process.pid,
  until: new Date(Date.now() + GOOD_FOR).toISOString(),
  by: whoAmI(),
  at: new Date().toISOString(),
});

const textOf = (lease: Lease): string => `${JSON.stringify(lease)}\n`;

function isLive(lease: Lease): boolean {
  if (Date.parse(lease.until) + SKEW < Date.now()) return false;
  if (lease.place !== PID_SPACE) return true;
  try {
    process.kill(lease.pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

async function readLease(home: RegistryHome, key: string): Promise<Lease | undefined> {
  const text = await home.read(key);
  return text === undefined ? undefined : parseOrThrow(Lease, text, key);
}

const describe = ({ by, purpose, at }: Lease): string => `${by} ${purpose}, since ${at}`;

/** Renews a mark that is up while `work` goes on, and takes it down. */
async function marked<T>(
  home: RegistryHome,
  key: string,
  renew: () => Promise<void>,
  work: () => Promise<T>,
): Promise<T> {
  let renewing = Promise.resolve();
  const timer = setInterval(() => {
    renewing = renew().catch(() => undefined);
  }, RENEW);
  timer.unref();
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await renewing;
    await home.remove(key);
  }
}

/** Does `work` while nothing is collected; waits for a collector that is at work. */
export async function withLease<T>(
  home: RegistryHome,
  purpose: string,
  onWait: ((what: string) => void) | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const operation = randomUUID();
  const key = leaseKey(operation);
  const renew = (): Promise<void> => home.put(key, Buffer.from(textOf(markOf(operation, purpose))));
  await renew();
  return await marked(home, key, renew, async () => {
    let reported = false;
    for (;;) {
      const collector = await readLease(home, COLLECTOR);
      if (collector === undefined || !isLive(collector)) return await work();
      if (!reported) onWait?.(describe(collector));
      reported = true;
      await sleep(POLL);
    }
  });
}

const busy = (home: RegistryHome, others: readonly Lease[]): KilnError =>
  new KilnError({
    code: 'registry-busy',
    what: `nothing can be removed from ${home.where} while others write to it`,
    faults: others.map((lease) => ({ where: lease.by, what: `${lease.purpose}, since ${lease.at}` })),
    hint: 'try again when they are done; the lease of one that was killed on another machine ends after ten minutes',
    exitCode: 1,
  });

/** Takes down a collector's mark that means nothing any more; of several that find it, one does. */
async function takeOver(home: RegistryHome, stale: Lease): Promise<boolean> {
  const key = `${LEASES}/after-${stale.operation}`;
  if (!(await home.create(key, `${randomUUID()}\n`))) return false;
  try {
    const now = await readLease(home, COLLECTOR);
    if (now?.operation === stale.operation) await home.remove(COLLECTOR);
    return true;
  } finally {
    await home.remove(key);
  }
}

/**
 * Does `work` while nobody writes. `check` is to be called before each removal: it throws when the mark has run
 * out (a machine that slept), because writers do not wait for it any more.
 * @throws KilnError `registry-busy` naming who writes.
 */
export async function alone<T>(
  home: RegistryHome,
  purpose: string,
  work: (check: () => void) => Promise<T>,
): Promise<T> {
  const operation = randomUUID();
  let mark = markOf(operation, purpose);
  while (!(await home.create(COLLECTOR, textOf(mark)))) {
    const other = await readLease(home, COLLECTOR);
    if (other === undefined) continue;
    if (isLive(other) || !(await takeOver(home, other))) throw busy(home, [other]);
    mark = markOf(operation, purpose);
  }
  const renew = async (): Promise<void> => {
    const next = markOf(operation, purpose);
    await home.put(COLLECTOR, Buffer.from(textOf(next)));
    mark = next;
  };
  return await marked(home, COLLECTOR, renew, async () => {
    const live: Lease[] = [];
    for (const name of await home.list(LEASES)) {
      if (!name.endsWith('.json')) continue;
      const lease = await readLease(home, `${LEASES}/${name}`);
      if (lease === undefined) continue;
      if (isLive(lease)) live.push(lease);
      else await home.remove(`${LEASES}/${name}`);
    }
    if (live.length > 0) throw busy(home, live);
    return await work(() => {
      if (Date.now() > Date.parse(mark.until))
        throw busy(home, [{ ...mark, purpose: `${purpose}, too slowly` }]);
    });
  });
}
