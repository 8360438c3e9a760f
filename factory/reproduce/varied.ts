import { cpSync, linkSync, mkdirSync, readdirSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { placeCheckout } from '../code/place';
import { codeSource } from '../code/source';
import type { Exec } from '../ports/machine/exec';
import type { Project } from '../project';

/** Where and how the second bake runs: everything that must not matter is other than usual. */
export interface VariedPlace {
  /** The copy of the project. */
  readonly project: string;
  readonly cache: string;
  readonly temporary: string;
}

export interface ProjectParts {
  /** The environment file, relative to the project. */
  readonly environment: string;
  /** The folder of the code package, relative to the project. */
  readonly code: string;
  /** The lock to bake. */
  readonly lock: string;
}

/** Copies what a bake reads of a project to a path unlike its own, with an empty cache that shares the vault. */
export async function makePlace(
  exec: Exec,
  work: string,
  project: Project,
  parts: ProjectParts,
): Promise<VariedPlace> {
  const source = await codeSource(project, parts.code, exec);
  const root = realpathSync(project.root);
  const inCheckout = relative(source.top, root);
  const place = {
    // As deep in its checkout as it is here.
    project: join(work, 'elsewhere/a-project-of-another-path', inCheckout.startsWith('..') ? '' : inCheckout),
    cache: join(work, 'cache'),
    temporary: join(work, 'temporary'),
  };
  for (const folder of Object.values(place)) mkdirSync(folder, { recursive: true });
  await placeCheckout(source, resolve(place.project, relative(root, source.top)), exec);
  for (const [from, to] of [
    [project.spec, 'factory.yaml'],
    [parts.lock, 'factory.lock.json'],
    [join(project.root, parts.environment), parts.environment],
  ] as const) {
    mkdirSync(dirname(join(place.project, to)), { recursive: true });
    cpSync(from, join(place.project, to));
  }
  mkdirSync(join(project.cache, 'vault'), { recursive: true });
  symlinkSync(join(project.cache, 'vault'), join(place.cache, 'vault'));
  return place;
}

/** Lends a built layer to the place's cache: the same files, not copies. */
export function lendLayer(folder: string, cache: string, key: string): void {
  const target = join(cache, 'layers', key);
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(folder)) linkSync(join(folder, name), join(target, name));
}

/** Root can give the bake another hostname and no network; others vary the rest and bake offline. */
const AWAY = ['unshare', '--net', '--uts', '--', 'bash', '-c', 'hostname elsewhere; exec "$@"', 'away'];

/** Runs `kiln WORDS…` there, on one processor, offline, under another umask, locale, time zone and environment. */
export async function runVaried(
  exec: Exec,
  home: string,
  place: VariedPlace,
  words: readonly string[],
  options: { readonly root: boolean; readonly onLine: (line: string) => void },
): Promise<void> {
  const inside = [
    'bash',
    '-c',
    'umask 077; exec taskset --cpu-list 0 "$@"',
    'varied',
    join(home, 'bin', 'kiln'),
    ...words,
  ];
  const [program = '', ...args] = options.root ? [...AWAY, ...inside] : inside;
  await exec.run(program, args, {
    cwd: place.project,
    env: {
      KILN_PROJECT: place.project,
      // The place has the image's own specification.
      KILN_SPEC: '',
      KILN_CACHE: place.cache,
      TMPDIR: place.temporary,
      TZ: 'Pacific/Kiritimati',
      // A locale that every machine has, and hardly anyone's.
      LC_ALL: 'POSIX',
      PYTHONHASHSEED: '7',
      TAR_OPTIONS: '--mtime=@1',
      GZIP: '-1',
      ZSTD_CLEVEL: '1',
      USER: 'somebody',
    },
    onLine: options.onLine,
  });
}
