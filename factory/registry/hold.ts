import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Hold } from '../contracts/registry';
import { KilnError } from '../errors';
import type { RegistryHome } from './home';
import { COLLECTOR, HOLDS, holdKey } from './layout';
import { parseOrThrow } from './log';

/*
 * Any number of writers, or one collector. A writer puts up its hold and then looks for a collector; a collector
 * puts up its mark and then looks for holds: whichever comes second sees the first, since both homes show at once
 * what was written. Each is renewed while its process works, and means nothing once it is past its time.
 */

/** Milliseconds that a hold or the collector's mark is good for, and after which it is renewed. */
const GOOD_FOR = 10 * 60_000;
const RENEW = 2 * 60_000;
/** Milliseconds by which clocks may differ: for so long past its time a mark is still believed. */
const SKEW = 60_000;
const POLL = 1000;

/** Boot and PID namespace: where a pid means this process. */
function placeOfPids(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return randomUUID();
  }
}

const PLACE = placeOfPids();

/** `user@host`, as entries and marks carry it. */
export const whoAmI = (): string => `${userInfo().username}@${hostname()}`;

const markOf = (operation: string, purpose: string): Hold => ({
  version: 1,
  operation,
  purpose,
  place: PLACE,
  pid: process.pid,
  until: new Date(Date.now() + GOOD_FOR).toISOString(),
  by: whoAmI(),
  at: new Date().toISOString(),
});

const textOf = (hold: Hold): string => `${JSON.stringify(hold)}\n`;

function isLive(hold: Hold): boolean {
  if (Date.parse(hold.until) + SKEW < Date.now()) return false;
  if (hold.place !== PLACE) return true;
  try {
    process.kill(hold.pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

async function readHold(home: RegistryHome, key: string): Promise<Hold | undefined> {
  const text = await home.read(key);
  return text === undefined ? undefined : parseOrThrow(Hold, text, key);
}

const describe = ({ by, purpose, at }: Hold): string => `${by} ${purpose}, since ${at}`;

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
export async function withHold<T>(
  home: RegistryHome,
  purpose: string,
  onWait: ((what: string) => void) | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const operation = randomUUID();
  const key = holdKey(operation);
  const renew = (): Promise<void> => home.put(key, Buffer.from(textOf(markOf(operation, purpose))));
  await renew();
  return await marked(home, key, renew, async () => {
    let told = false;
    for (;;) {
      const collector = await readHold(home, COLLECTOR);
      if (collector === undefined || !isLive(collector)) return await work();
      if (!told) onWait?.(describe(collector));
      told = true;
      await sleep(POLL);
    }
  });
}

const busy = (home: RegistryHome, others: readonly Hold[]): KilnError =>
  new KilnError({
    code: 'registry-busy',
    what: `nothing can be removed from ${home.where} while others write to it`,
    faults: others.map((hold) => ({ where: hold.by, what: `${hold.purpose}, since ${hold.at}` })),
    hint: 'try again when they are done; one that was killed elsewhere counts for ten minutes more',
    exitCode: 1,
  });

/** Takes down a collector's mark that means nothing any more; of several that find it, one does. */
async function takeOver(home: RegistryHome, stale: Hold): Promise<boolean> {
  const key = `${HOLDS}/after-${stale.operation}`;
  if (!(await home.create(key, `${randomUUID()}\n`))) return false;
  try {
    const now = await readHold(home, COLLECTOR);
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
    const other = await readHold(home, COLLECTOR);
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
    const live: Hold[] = [];
    for (const name of await home.list(HOLDS)) {
      if (!name.endsWith('.json')) continue;
      const hold = await readHold(home, `${HOLDS}/${name}`);
      if (hold === undefined) continue;
      if (isLive(hold)) live.push(hold);
      else await home.remove(`${HOLDS}/${name}`);
    }
    if (live.length > 0) throw busy(home, live);
    return await work(() => {
      if (Date.now() > Date.parse(mark.until))
        throw busy(home, [{ ...mark, purpose: `${purpose}, too slowly` }]);
    });
  });
}
