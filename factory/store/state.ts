import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { KilnError } from '../errors';
import type { Project } from '../project';

/** The host side of where nodes reach the store: their gateway forwards to it. */
export const CERTIFICATE_HOSTS = ['DNS:localhost', 'IP:127.0.0.1', 'IP:10.213.0.1'] as const;

/** store.json: written last, when the store is up and its bucket is there. No secret in it. */
const StoreState = z.strictObject({
  version: z.literal(1),
  /** `https://127.0.0.1:PORT`. */
  endpoint: z.string(),
  port: z.int().min(1).max(65535),
  region: z.string(),
  /** Made by `kiln store up`, sorted. */
  buckets: z.array(z.string()).min(1),
});
export type StoreState = z.infer<typeof StoreState>;

/** The store's folder: mode 0700, gone with the store. */
export interface StorePaths {
  readonly folder: string;
  readonly state: string;
  readonly ca: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly logs: string;
  /** What the start is doing, one line. */
  readonly step: string;
  /** There while radosgw answers. */
  readonly ready: string;
}

export function storePaths(project: Pick<Project, 'state'>): StorePaths {
  const folder = join(project.state, 'store');
  return {
    folder,
    state: join(folder, 'store.json'),
    ca: join(folder, 'ca.pem'),
    accessKey: join(folder, 'access-key'),
    secretKey: join(folder, 'secret-key'),
    logs: join(folder, 'logs'),
    step: join(folder, 'step'),
    ready: join(folder, 'ready'),
  };
}

export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** undefined when the store never came up. */
export async function readState(paths: StorePaths): Promise<StoreState | undefined> {
  const text = await readIfThere(paths.state);
  if (text === undefined) return undefined;
  try {
    return StoreState.parse(JSON.parse(text));
  } catch (error) {
    throw new KilnError({
      code: 'store-state',
      what: `${paths.state} is not what kiln writes`,
      hint: 'kiln store down removes it',
      cause: error,
    });
  }
}

export async function writeState(paths: StorePaths, state: StoreState): Promise<void> {
  await writeFile(`${paths.state}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  await rename(`${paths.state}.new`, paths.state);
}
