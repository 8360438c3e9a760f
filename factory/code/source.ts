import { existsSync, lstatSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { KilnError, type Fault } from '../errors';
import type { Exec } from '../ports/machine/exec';
import type { Project } from '../project';
import { formatSize } from '../units';
import { isPackage } from './build-system';
import { git, records } from './git';
import { readHistory, readsHistory, type History } from './history';

/** What the build backend of the code package is given to see, or the scripts that are placed as they are. */
export interface CodeSource {
  /** The folder of the project's machine that `paths` are relative to: the checkout's, or the package's own. */
  readonly top: string;
  /** The package's folder in `top`; empty where they are one. */
  readonly folder: string;
  /** Files and links, sorted; folders follow from them. */
  readonly paths: readonly string[];
  /** Those that the checkout has and git does not know, relative to the package's folder. */
  readonly untracked: readonly string[];
  /** Submodules that are not checked out, relative to the package's folder. */
  readonly absent: readonly string[];
  /** Repositories in the package that are checked out, relative to its folder. */
  readonly nested: readonly string[];
  /** Whether git looks after it. */
  readonly tracked: boolean;
  /** Where the build reads what git knows. */
  readonly history: History | undefined;
}

const under = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);

const fail = (what: string, hint: string, faults: readonly Fault[] = []): KilnError =>
  new KilnError({ code: 'code-source', exitCode: 2, what, hint, faults });

/** What kiln itself writes, wherever somebody put it. */
const kilns = (project: Project): readonly string[] =>
  [project.state, project.cache].map((path) => resolve(path));

/** Version control's own, and what Python leaves behind where it ran: the next run would make another wheel of it. */
const PASSING = /(^|\/)(\.git|\.hg|\.svn|__pycache__)(\/|$)|\.pyc$/;

/** Folders that say of themselves that they are no source: caches (bford.info/cachedir) and virtual environments. */
const isScratch = (folder: string): boolean =>
  existsSync(join(folder, 'CACHEDIR.TAG')) || existsSync(join(folder, 'pyvenv.cfg'));

/** Whether a file that nobody chose to keep belongs to the source. */
function isSource(
  root: string,
  path: string,
  besides: readonly string[],
  known: Map<string, boolean>,
): boolean {
  if (PASSING.test(path)) return false;
  const folder = dirname(path);
  if (folder === '.') return !besides.includes(join(root, path));
  const whole = join(root, folder);
  const scratch =
    known.get(folder) ??
    (besides.some((place) => under(whole, place)) ||
      isScratch(whole) ||
      !isSource(root, folder, besides, known));
  known.set(folder, scratch);
  return !scratch;
}

/** Every file below a folder that no version control looks after. */
function walk(root: string, besides: readonly string[]): string[] {
  const found: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const whole = join(root, path);
      if (PASSING.test(path) || besides.includes(whole)) continue;
      if (!entry.isDirectory()) found.push(path);
      else if (!isScratch(whole)) visit(path);
    }
  };
  visit('');
  return found;
}

interface Listing {
  readonly tracked: string[];
  readonly untracked: string[];
  readonly absent: string[];
  readonly nested: string[];
}

/** What a checkout has below `folder`, submodules and repositories inside it too; paths are relative to `folder`. */
async function list(exec: Exec, folder: string, besides: readonly string[]): Promise<Listing> {
  const [index, others] = await Promise.all([
    git(exec, folder, ['ls-files', '-z', '--stage']),
    git(exec, folder, ['ls-files', '-z', '--others', '--exclude-standard']),
  ]);
  const found: Listing = { tracked: [], untracked: [], absent: [], nested: [] };
  const inner = async (path: string, tracked: boolean): Promise<void> => {
    const there = await list(exec, join(folder, path), besides);
    const at = (each: string): string => `${path}/${each}`;
    found[tracked ? 'tracked' : 'untracked'].push(...there.tracked.map(at));
    found.untracked.push(...there.untracked.map(at));
    found.absent.push(...there.absent.map(at));
    found.nested.push(path, ...there.nested.map(at));
  };
  const known = new Map<string, boolean>();
  const tracked = new Map(
    records(index.stdout).map((record) => {
      const tab = record.indexOf('\t');
      return [record.slice(tab + 1), record.slice(0, 6)];
    }),
  );
  for (const [path, mode] of tracked) {
    if (mode !== '160000') {
      // A file that was deleted and is still tracked is not part of the checkout.
      if (lstatSync(join(folder, path), { throwIfNoEntry: false }) !== undefined || path.includes('\u{fffd}'))
        found.tracked.push(path);
    } else if (existsSync(join(folder, path, '.git'))) await inner(path, true);
    else found.absent.push(path);
  }
  for (const path of records(others.stdout)) {
    // A repository in the checkout that is no submodule of it.
    if (path.endsWith('/')) {
      if (isSource(folder, `${path}x`, besides, known)) await inner(path.slice(0, -1), false);
    } else if (isSource(folder, path, besides, known)) found.untracked.push(path);
  }
  return found;
}

/** The checkout that a folder lies in; undefined where no repository looks after it. */
async function checkoutOf(exec: Exec, folder: string): Promise<string | undefined> {
  let above = folder;
  while (!existsSync(join(above, '.git'))) {
    if (above === dirname(above)) return undefined;
    above = dirname(above);
  }
  const top = await git(exec, folder, ['rev-parse', '--show-toplevel'], { accept: [0, 128] });
  if (top.code !== 0) {
    throw fail(
      `git cannot read the checkout in ${above}: ${top.stderr.trim()}`,
      'repair it, or remove its .git: without git it is unknown which files are ignored',
    );
  }
  const ignored = await git(exec, folder, ['check-ignore', '--quiet', '.'], { accept: [0, 1, 128] });
  // A folder that the repository around it ignores was made by a program, or is somebody's own.
  return ignored.code === 0 ? undefined : top.stdout.replace(/\n$/, '');
}

/** Bytes: every file is read for the layer's key and copied for its build. */
const LARGEST = 1 << 30;

/** Files that cannot be handed to a build as they are. */
function faultsOf(top: string, folder: string, name: string, paths: readonly string[]): Fault[] {
  const root = realpathSync(join(top, folder));
  const have = new Set<string>(['']);
  for (const path of paths) {
    for (let each = path; each !== '.' && !have.has(each); each = dirname(each)) have.add(each);
  }
  return paths.flatMap((path): Fault[] => {
    const file = join(top, path);
    const where = join(name, relative(folder, path));
    if (path.includes('\u{fffd}')) {
      return [{ where, what: 'its name is not UTF-8', hint: 'rename it' }];
    }
    const status = lstatSync(file);
    if (status.isFile() && status.size <= LARGEST) return [];
    if (status.isFile())
      return [
        {
          where,
          what: `it has ${formatSize(status.size)}, and ${formatSize(LARGEST)} is the most that a file of the code package may have`,
          hint: 'data belongs into the object store: let git ignore it, or move it out of the folder',
        },
      ];
    if (!status.isSymbolicLink()) {
      return [{ where, what: 'it is no file, folder or link', hint: 'remove it' }];
    }
    // A link that leads nowhere leads nowhere in the copy too.
    if (!existsSync(file)) return [];
    const target = realpathSync(file);
    if (!under(target, root)) {
      return [
        {
          where,
          what: `it is a link to ${target}, outside of the code package's folder`,
          hint: 'put a copy of it there instead of the link',
        },
      ];
    }
    if (have.has(join(folder, relative(root, target)).replace(/^\.$/, ''))) return [];
    return [
      {
        where,
        what: `it is a link to ${relative(root, target)}, which is not part of the source: git ignores it`,
        hint: 'add the file to git, or remove the link',
      },
    ];
  });
}

/** Backends that do not look at ignore files. */
const INDIFFERENT = /^\s*build-backend\s*=\s*["'](flit_core|setuptools|poetry|uv_build)\b/m;

/** Of the folders above the package: backends leave files out of the wheel by them. */
const ignoreFiles = (top: string, folder: string): string[] => {
  const found: string[] = [];
  for (let above = dirname(folder); folder !== ''; above = dirname(above)) {
    const path = join(above, '.gitignore');
    if (existsSync(join(top, path)) && lstatSync(join(top, path)).isFile()) found.push(path);
    if (above === '.') break;
  }
  return found;
};

/**
 * Which files make up the code package: those that git tracks and those it does not know, never what it ignores.
 * Where no repository looks after the folder, all that is in it.
 * @param code factory.yaml's folder of the code package.
 * @throws KilnError `code-source` (exit 2) with every file that cannot be handed to a build.
 */
export async function codeSource(project: Project, code: string, exec: Exec): Promise<CodeSource> {
  const whole = realpathSync(join(project.root, code));
  const besides = kilns(project);
  const found = await checkoutOf(exec, whole);
  const top = found === undefined ? whole : realpathSync(found);
  const folder = relative(top, whole);
  const { tracked, untracked, absent, nested } =
    found === undefined
      ? { tracked: walk(whole, besides), untracked: [], absent: [], nested: [] }
      : await list(exec, whole, besides);
  const paths = [...tracked, ...untracked].map((path) => join(folder, path)).sort();
  const faults = faultsOf(top, folder, code, paths);
  if (faults.length > 0)
    throw fail('files of the code package cannot be built from', 'see docs/code.md', faults);
  const text = (path: string): string => readFileSync(join(whole, path), 'utf8');
  const settings = paths.includes(join(folder, 'pyproject.toml')) ? text('pyproject.toml') : '';
  const readsIgnores = settings.includes('build-backend') && !INDIFFERENT.test(settings);
  const ignores = found !== undefined && readsIgnores ? ignoreFiles(top, folder) : [];
  const history =
    found !== undefined && isPackage(whole) && readsHistory([...tracked, ...untracked], text)
      ? await readHistory(exec, top)
      : undefined;
  return {
    top,
    folder,
    paths: [...new Set([...ignores, ...paths])].sort(),
    untracked: untracked.sort(),
    absent: absent.sort(),
    nested: nested.sort(),
    tracked: found !== undefined,
    history,
  };
}

/** Names that fit a line. */
const NAMED = 10;

const several = (names: readonly string[]): string =>
  [
    ...names.slice(0, NAMED),
    ...(names.length > NAMED ? [`and ${String(names.length - NAMED)} more`] : []),
  ].join(', ');

/** What the author should know before it is built. */
export function notesOf({ untracked, absent }: CodeSource): string[] {
  return [
    ...(untracked.length === 0 ? [] : [`code: not in git, and built from as well: ${several(untracked)}`]),
    ...(absent.length === 0 ? [] : [`code: submodules that are not checked out: ${several(absent)}`]),
  ];
}
