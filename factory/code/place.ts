import { copyFileSync, lstatSync, mkdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Exec } from '../ports/machine/exec';
import { git } from './git';
import { writeHistory } from './history';
import type { CodeSource } from './source';

/** Copies a source into an empty folder, with the repository that the build reads, where it reads one. */
export async function placeSource(source: CodeSource, target: string, exec: Exec): Promise<void> {
  mkdirSync(join(target, source.folder), { recursive: true });
  for (const path of [...source.paths, ...source.absent.map((each) => join(source.folder, each, '.'))]) {
    const [from, to] = [join(source.top, path), join(target, path)];
    mkdirSync(dirname(to), { recursive: true });
    const status = lstatSync(from);
    if (status.isSymbolicLink()) symlinkSync(readlinkSync(from), to);
    else if (status.isDirectory()) mkdirSync(to, { recursive: true });
    else copyFileSync(from, to);
  }
  if (source.history !== undefined) await writeHistory(exec, source.top, source.history, target);
}

/**
 * A checkout in which `codeSource` finds the same source, for a bake elsewhere: git knows there all that it was found
 * to have here.
 */
export async function placeCheckout(source: CodeSource, target: string, exec: Exec): Promise<void> {
  await placeSource(source, target, exec);
  if (!source.tracked) return;
  const repository = async (folder: string, paths: readonly string[]): Promise<void> => {
    const at = join(target, folder);
    mkdirSync(at, { recursive: true });
    await git(exec, at, ['init', '--quiet', '--template=', '.']);
    await git(exec, at, ['update-index', '--add', '-z', '--stdin'], {
      input: paths.map((path) => `${path}\0`).join(''),
    });
  };
  const inner = source.nested.map((each) => join(source.folder, each));
  const of = (folder: string): string[] =>
    source.paths.filter((path) => nearest(inner, path) === folder).map((path) => relative(folder, path));
  for (const folder of inner) await repository(folder, of(folder));
  // With its history it is a repository already.
  if (source.history !== undefined) return;
  await repository('', of(''));
  for (const each of source.absent) {
    const id = await git(exec, target, ['hash-object', '-w', '--stdin'], { input: '' });
    await git(exec, target, [
      ...['update-index', '--add', '--cacheinfo'],
      `160000,${id.stdout.trim()},${join(source.folder, each)}`,
    ]);
  }
}

/** The innermost of the repositories that a path lies in; empty for the checkout itself. */
const nearest = (repositories: readonly string[], path: string): string =>
  repositories.filter((each) => path.startsWith(`${each}/`)).sort((a, b) => b.length - a.length)[0] ?? '';
