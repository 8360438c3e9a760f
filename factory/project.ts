import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { KilnError } from './errors';

/** Where things are: the project (the folder of factory.yaml) and the user's cache. */
export interface Project {
  readonly root: string;
  readonly spec: string;
  readonly lock: string;
  /** Per-project state, ignored by git: images, registry, clusters, store. */
  readonly state: string;
  /** Shared by all projects of the user and safe to delete: vault and layers. */
  readonly cache: string;
  /** kiln's own installation: images/, tools/ and this code. */
  readonly home: string;
}

/** kiln's own folder, whether it runs compiled (dist/factory) or from source (factory). */
function findHome(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'images', 'layers'))) return folder;
    if (folder === dirname(folder)) throw new Error(`no kiln installation above ${from}`);
  }
}

/** A variable that is set to something. */
const given = (value: string | undefined): string | undefined =>
  value === undefined || value === '' ? undefined : value;

/** @throws KilnError `no-project` when no folder from `cwd` upwards has a factory.yaml. */
export function findProject(cwd: string = process.cwd(), env: NodeJS.ProcessEnv = process.env): Project {
  const start = resolve(env['KILN_PROJECT'] ?? cwd);
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'factory.yaml'))) {
      return {
        root: folder,
        // Another specification for the same project: what a nightly proposes.
        spec: given(env['KILN_SPEC']) ?? join(folder, 'factory.yaml'),
        lock: join(folder, 'factory.lock.json'),
        state: join(folder, '.kiln'),
        cache: env['KILN_CACHE'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kiln'),
        home: findHome(__dirname),
      };
    }
    if (folder === dirname(folder)) {
      throw new KilnError({
        code: 'no-project',
        what: `there is no factory.yaml in ${start} or above it`,
        hint: 'change into the project, or name it: KILN_PROJECT=FOLDER kiln …',
        exitCode: 2,
      });
    }
  }
}
