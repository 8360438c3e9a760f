import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KilnError } from '../errors';
import type { Sandbox, Sandboxes } from '../ports/sandbox/sandbox';
import { S3ObjectStore } from '../ports/objects/object-store-s3';
import type { Project } from '../project';
import { freePort, portOwner } from './port-owner';
import {
  CERTIFICATE_HOSTS,
  readIfThere,
  readState,
  storePaths,
  type StorePaths,
  type StoreState,
  writeState,
} from './state';

/** The one process label: factory/store/radosgw, which starts the daemons. */
const LABEL = 'radosgw';
/** RGW takes any region in signatures; this one makes new buckets name no location, which it needs. */
const REGION = 'us-east-1';
/** Up takes 13 s on two idle cores. */
const UP_DEADLINE = 180_000;
const POLL = 200;

const DEFAULT_PORT = 7443;

interface UpOptions {
  /** Default: that of the store which runs, else DEFAULT_PORT. */
  readonly port?: number;
  readonly bucket: string;
  /** What the start is doing, as it changes. */
  readonly onStep?: (step: string) => void;
}

export interface UpResult extends StoreState {
  /** True when it ran already, with this bucket. */
  readonly already: boolean;
}

type StoreStatus = ({ readonly up: true } & StoreState) | { readonly up: false; readonly reason: string };

/**
 * A client for one bucket of the project's store.
 * @throws KilnError `store-down`.
 */
export async function openBucket(project: Pick<Project, 'state'>, bucket: string): Promise<S3ObjectStore> {
  const paths = storePaths(project);
  const state = await readState(paths);
  if (state === undefined) {
    throw new KilnError({
      code: 'store-down',
      what: 'no object store runs for this project',
      hint: 'kiln store up starts one',
    });
  }
  return client(paths, state.endpoint, bucket);
}

async function client(paths: StorePaths, url: string, bucket: string): Promise<S3ObjectStore> {
  const [accessKey, secretKey, ca] = await Promise.all(
    [paths.accessKey, paths.secretKey, paths.ca].map(async (path) => readFile(path, 'utf8')),
  );
  return new S3ObjectStore(
    { url, region: REGION, keys: { accessKey: accessKey ?? '', secretKey: secretKey ?? '' }, ca: ca ?? '' },
    bucket,
  );
}

/** The last lines of every log that has any. */
async function logTails(paths: StorePaths): Promise<string> {
  const names = await readdir(paths.logs).catch(() => []);
  const tails = await Promise.all(
    names
      .filter((name) => /^(start|make|openssl)\.log$|\.out$/.test(name))
      .sort()
      .map(async (name) => {
        const text = (await readFile(join(paths.logs, name), 'utf8')).trimEnd();
        return text === '' ? '' : `${name}:\n${text.split('\n').slice(-6).join('\n')}`;
      }),
  );
  return tails.filter((tail) => tail !== '').join('\n');
}

/** @throws KilnError `port-in-use` naming who has it. */
async function claimPort(port: number): Promise<void> {
  if ((await freePort(port)) !== undefined) return;
  const owner = portOwner(port);
  const who =
    owner === undefined
      ? 'by a process that cannot be seen from here'
      : owner.store === undefined
        ? `by ${owner.name} (process ${String(owner.pid)})`
        : `by another kiln store (process ${String(owner.pid)}), that of ${owner.store}`;
  throw new KilnError({
    code: 'port-in-use',
    what: `port ${String(port)} of 127.0.0.1 is in use ${who}`,
    hint:
      owner?.store === undefined
        ? 'end it, or choose another port: kiln store up --port PORT'
        : 'kiln store down in its project ends it, or choose another port: kiln store up --port PORT',
  });
}

async function startInside(sandbox: Sandbox, paths: StorePaths, home: string, port: number): Promise<void> {
  const monPort = await freePort(0);
  if (monPort === undefined) throw new KilnError({ code: 'no-port', what: 'no free port on 127.0.0.1' });
  await sandbox.run('mkdir', ['-p', '-m', '0700', paths.logs]);
  try {
    await sandbox.spawn(LABEL, join(home, 'factory', 'store', 'radosgw'), [], {
      log: join(paths.logs, 'start.log'),
      env: {
        KILN_STORE_OUT: paths.folder,
        KILN_STORE_PORT: String(port),
        KILN_STORE_MON_PORT: String(monPort),
        KILN_STORE_HOSTS: CERTIFICATE_HOSTS.join(','),
      },
    });
  } catch (error) {
    // Another `kiln store up` at the same time was first: its store is waited for.
    if (!(error instanceof KilnError && error.code === 'sandbox-label-taken')) throw error;
  }
}

async function waitReady(sandbox: Sandbox, paths: StorePaths, options: UpOptions): Promise<void> {
  const end = Date.now() + UP_DEADLINE;
  let last = '';
  for (;;) {
    const step = (await readIfThere(paths.step))?.trim() ?? '';
    if (step !== '' && step !== last) {
      options.onStep?.(step);
      last = step;
    }
    if ((await readIfThere(paths.ready)) !== undefined) return;
    const dead = (await sandbox.alive(LABEL)) === undefined;
    if (dead || Date.now() > end) {
      const tails = await logTails(paths);
      await sandbox.stop();
      throw new KilnError({
        code: 'store-failed-to-start',
        what: `the object store ${dead ? 'ended' : `was not up after ${String(UP_DEADLINE / 1000)} s`} while ${last === '' ? 'starting' : last}\n${tails}`,
        hint: 'nothing of it is left; kiln doctor says what this machine lacks',
      });
    }
    await sleep(POLL);
  }
}

/** The port that a store which runs, or is coming up, was started with. */
async function runningPort(sandbox: Sandbox, paths: StorePaths): Promise<number | undefined> {
  const state = await readState(paths);
  if (state !== undefined) return state.port;
  const port = await readIfThere(join(paths.folder, 'port'));
  return port === undefined || (await sandbox.alive(LABEL)) === undefined ? undefined : Number(port);
}

/** A living sandbox whose store lives or is coming up; what is dead or half started is removed. */
async function living(sandboxes: Sandboxes, paths: StorePaths): Promise<Sandbox | undefined> {
  const sandbox = await sandboxes.find(paths.folder);
  if (sandbox === undefined) {
    await sandboxes.clear(paths.folder);
    return undefined;
  }
  const labels = await sandbox.labels();
  // No label yet: another `kiln store up` is between its two steps, or was killed there.
  if (!labels.includes(LABEL) || (await sandbox.alive(LABEL)) !== undefined) return sandbox;
  await sandbox.stop();
  return undefined;
}

/**
 * Brings the project's radosgw up and makes its bucket. Idempotent: what runs is kept.
 * @throws KilnError `port-in-use`, `store-other-port`, `store-failed-to-start`, and the sandbox's.
 */
export async function storeUp(
  project: Pick<Project, 'state' | 'home'>,
  sandboxes: Sandboxes,
  options: UpOptions,
): Promise<UpResult> {
  const paths = storePaths(project);
  const wanted = options.port ?? DEFAULT_PORT;
  let sandbox = await living(sandboxes, paths);
  if (sandbox === undefined) {
    await claimPort(wanted);
    try {
      sandbox = await sandboxes.start({ dir: paths.folder, name: 'kiln-store', net: false });
    } catch (error) {
      if (!(error instanceof KilnError && error.code === 'sandbox-exists')) throw error;
      sandbox = await sandboxes.find(paths.folder);
      if (sandbox === undefined) throw error;
    }
  }
  if ((await sandbox.alive(LABEL)) === undefined) await startInside(sandbox, paths, project.home, wanted);
  const port = (await runningPort(sandbox, paths)) ?? wanted;
  if (port !== (options.port ?? port)) {
    throw new KilnError({
      code: 'store-other-port',
      what: `this project's object store runs on port ${String(port)}, not ${String(wanted)}`,
      hint: `use it as it is: kiln store up --port ${String(port)}; or kiln store down first`,
      exitCode: 1,
    });
  }
  await waitReady(sandbox, paths, options);

  const before = await readState(paths);
  const endpoint = `https://127.0.0.1:${String(port)}`;
  if (before?.buckets.includes(options.bucket) === true) return { ...before, already: true };
  options.onStep?.(`making bucket ${options.bucket}`);
  const bucket = await client(paths, endpoint, options.bucket);
  try {
    await bucket.createBucket();
  } finally {
    bucket.close();
  }
  const buckets = [...new Set([...(before?.buckets ?? []), options.bucket])].sort();
  const state: StoreState = { version: 1, endpoint, port, region: REGION, buckets };
  await writeState(paths, state);
  return { ...state, already: false };
}

/** Ends the store and removes all of it. @returns false when there was nothing. */
export async function storeDown(project: Pick<Project, 'state'>, sandboxes: Sandboxes): Promise<boolean> {
  const paths = storePaths(project);
  const there = (await readdir(paths.folder).catch(() => undefined)) !== undefined;
  const sandbox = await sandboxes.find(paths.folder);
  if (sandbox === undefined) await sandboxes.clear(paths.folder);
  else await sandbox.stop();
  return there;
}

export async function storeStatus(
  project: Pick<Project, 'state'>,
  sandboxes: Sandboxes,
): Promise<StoreStatus> {
  const paths = storePaths(project);
  const sandbox = await sandboxes.find(paths.folder);
  if (sandbox === undefined) return { up: false, reason: 'no object store runs for this project' };
  if ((await sandbox.alive(LABEL)) === undefined) return { up: false, reason: 'its daemons have ended' };
  const state = await readState(paths);
  if (state === undefined || (await readIfThere(paths.ready)) === undefined) {
    return { up: false, reason: `it is coming up: ${(await readIfThere(paths.step))?.trim() ?? 'starting'}` };
  }
  return { up: true, ...state };
}
