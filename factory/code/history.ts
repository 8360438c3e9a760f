import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Exec } from '../ports/machine/exec';
import { git, records } from './git';

/** What git knows of a checkout that a version or a list of files can be made of. */
export interface History {
  /** The current commit's id; undefined before the first commit. */
  readonly head: string | undefined;
  /** `refs/heads/main`; undefined on no branch. */
  readonly branch: string | undefined;
  /** Tags that the current commit can be reached from: `refs/tags/v1 ID`. */
  readonly tags: readonly string[];
  /** The index, one `MODE ID STAGE<tab>PATH` each. */
  readonly index: readonly string[];
  /** Tracked files whose content in the checkout is not the index's. */
  readonly changed: readonly string[];
  /** Commits below which a shallow clone has nothing. */
  readonly shallow: readonly string[];
  /** Digits by which this repository abbreviates ids. */
  readonly abbrev: number;
  /** `sha1` or `sha256`. */
  readonly format: string;
}

/** Files by which a build is set up; those of an in-tree backend or a hook are found by being Python in the root. */
const SET_UP = /^(pyproject\.toml|setup\.cfg|[^/]+\.py)$/;
/** The tools that make a version or a list of files of git, by what their names have in common. */
const READERS = /(?<![a-z])(git|scm|vcs|pbr|versioneer|versioningit|dunamai)(?![a-z])/i;

/**
 * Whether the build looks at git, told by whether its files mention it. One that does and was not found here is
 * ended by the recipe: its `git` is a program that only notes that it was called.
 * @param paths of the package, relative to its folder.
 * @param text reads one of them.
 */
export const readsHistory = (paths: readonly string[], text: (path: string) => string): boolean =>
  paths.some((path) => SET_UP.test(path) && READERS.test(text(path).replaceAll(/https?:\/\/\S+/g, '')));

/** Column two of `git status --porcelain`: what differs between index and checkout. */
const isChanged = (record: string): boolean => record[1] !== ' ';

export async function readHistory(exec: Exec, top: string): Promise<History> {
  const [head, branch, index, status, format] = await Promise.all([
    git(exec, top, ['rev-parse', '--verify', '--quiet', 'HEAD'], { accept: [0, 1] }),
    git(exec, top, ['symbolic-ref', '--quiet', 'HEAD'], { accept: [0, 1] }),
    git(exec, top, ['ls-files', '-z', '--stage']),
    git(exec, top, ['status', '--porcelain=v1', '-z', '--untracked-files=no', '--no-renames']),
    git(exec, top, ['rev-parse', '--show-object-format']),
  ]);
  const common = {
    branch: branch.code === 0 ? branch.stdout.trim() : undefined,
    index: records(index.stdout),
    changed: records(status.stdout)
      .filter(isChanged)
      .map((record) => record.slice(3)),
    format: format.stdout.trim(),
  };
  if (head.code !== 0) return { ...common, head: undefined, tags: [], shallow: [], abbrev: 7 };
  const [tags, short, shallow] = await Promise.all([
    git(exec, top, ['for-each-ref', '--merged=HEAD', '--format=%(refname) %(objectname)', 'refs/tags']),
    git(exec, top, ['rev-parse', '--short', 'HEAD']),
    git(exec, top, ['rev-list', '--max-parents=0', '--format=%P', 'HEAD']),
  ]);
  return {
    ...common,
    head: head.stdout.trim(),
    tags: tags.stdout.split('\n').filter((line) => line !== ''),
    shallow: await grafts(exec, top, shallow.stdout),
    abbrev: short.stdout.trim().length,
  };
}

/** Root commits as git sees them whose own record names a parent: where a shallow clone ends. */
async function grafts(exec: Exec, top: string, roots: string): Promise<string[]> {
  const ids = [...roots.matchAll(/^commit ([0-9a-f]+)$/gm)].flatMap(([, id]) =>
    id === undefined ? [] : [id],
  );
  const found: string[] = [];
  for (const id of ids) {
    const { stdout } = await git(exec, top, ['cat-file', 'commit', id]);
    if (/^parent /m.test(stdout.slice(0, stdout.indexOf('\n\n')))) found.push(id);
  }
  return found;
}

/**
 * Writes a repository with those commits, tags and that index below `target`, and nothing else of the checkout's: no
 * remotes, no hooks, no settings, no other branch, of the files only those of the current commit.
 * What was not changed there counts as unchanged, whether or not the copy has it.
 */
export async function writeHistory(exec: Exec, top: string, history: History, target: string): Promise<void> {
  const { head, branch, tags, index, changed, shallow, abbrev, format } = history;
  mkdirSync(target, { recursive: true });
  await git(exec, target, ['init', '--quiet', '--template=', `--object-format=${format}`, '.']);
  const folder = join(target, '.git');
  const here = { GIT_DIR: folder };
  await git(exec, target, ['config', 'core.abbrev', String(abbrev)], { env: here });
  if (branch !== undefined) writeFileSync(join(folder, 'HEAD'), `ref: ${branch}\n`);
  if (head !== undefined) {
    const [commits, tree] = await Promise.all([
      git(exec, top, ['rev-list', 'HEAD']),
      git(exec, top, ['ls-tree', '-r', '-t', 'HEAD']),
    ]);
    const objects = [
      ...commits.stdout.trim().split('\n'),
      (await git(exec, top, ['rev-parse', 'HEAD^{tree}'])).stdout.trim(),
      ...[...tree.stdout.matchAll(/^\d+ (?:blob|tree) ([0-9a-f]+)/gm)].map(([, id = '']) => id),
      ...tags.map((tag) => tag.split(' ')[1] ?? ''),
    ];
    await git(exec, top, ['pack-objects', '--quiet', join(folder, 'objects/pack/pack')], {
      input: `${[...new Set(objects)].join('\n')}\n`,
    });
    if (shallow.length > 0) writeFileSync(join(folder, 'shallow'), `${shallow.join('\n')}\n`);
    await git(exec, target, ['update-ref', '--stdin'], {
      env: here,
      input: [
        ...(branch === undefined ? [] : [`create ${branch} ${head}`]),
        ...tags.map((tag) => `create ${tag}`),
        '',
      ].join('\n'),
    });
    if (branch === undefined) writeFileSync(join(folder, 'HEAD'), `${head}\n`);
  }
  const nul = (lines: readonly string[]): string => lines.map((line) => `${line}\0`).join('');
  await git(exec, target, ['update-index', '-z', '--index-info'], { env: here, input: nul(index) });
  const different = new Set(changed);
  const paths = index
    .map((line) => line.slice(line.indexOf('\t') + 1))
    .filter((path) => !different.has(path));
  await git(exec, target, ['update-index', '-z', '--assume-unchanged', '--stdin'], {
    env: here,
    input: nul([...new Set(paths)]),
  });
}
