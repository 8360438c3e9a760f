import { cpSync, linkSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Exec } from '../ports/exec';
import type { Project } from '../project';

/** Where and how the second bake runs: everything that must not matter is other than usual. */
export interface VariedPlace {
  /** The copy of the project. */
  readonly project: string;
  readonly cache: string;
  readonly temporary: string;
}

export interface ProjectParts {
  /** Paths relative to the project: environment file and code package. */
  readonly files: readonly string[];
  /** The lock to bake. */
  readonly lock: string;
}

/** Copies what a bake reads of a project to a path unlike its own, with an empty cache that shares the vault. */
export function makePlace(work: string, project: Project, parts: ProjectParts): VariedPlace {
  const place = {
    project: join(work, 'elsewhere/a project of another path'.replaceAll(' ', '-')),
    cache: join(work, 'cache'),
    temporary: join(work, 'temporary'),
  };
  for (const folder of Object.values(place)) mkdirSync(folder, { recursive: true });
  cpSync(project.spec, join(place.project, 'factory.yaml'));
  cpSync(parts.lock, join(place.project, 'factory.lock.json'));
  for (const file of parts.files) {
    mkdirSync(dirname(join(place.project, file)), { recursive: true });
    cpSync(join(project.root, file), join(place.project, file), { recursive: true });
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
