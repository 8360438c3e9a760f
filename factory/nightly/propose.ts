import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { defined } from '../defined';
import { KilnError } from '../errors';
import type { Exec } from '../ports/machine/exec';
import type { Project } from '../project';

/** The trailer by which a night knows its own commits again. */
const TRAILER = 'Kiln-Nightly';

/** The unified diff that makes the project's files what a night proposes; for `git apply` in the project's folder. */
export async function unifiedDiff(
  exec: Exec,
  pairs: readonly { readonly name: string; readonly from: string; readonly to: string }[],
): Promise<string> {
  const parts = await Promise.all(
    pairs.map(async ({ name, from, to }) => {
      const labels = ['--label', `a/${name}`, '--label', `b/${name}`];
      // 1: they differ.
      const { stdout } = await exec.run('diff', ['-u', '-N', ...labels, from, to], { accept: [0, 1] });
      return stdout;
    }),
  );
  return parts.join('');
}

export interface Proposal {
  readonly project: Project;
  readonly branch: string;
  /** Where the proposed factory.yaml and factory.lock.json are; git's index is made here too. */
  readonly folder: string;
  readonly message: string;
  readonly run: string;
  /** Milliseconds since the epoch: the commit's date, so that one made again is the same. */
  readonly at: number;
}

const noCommit = (what: string, hint: string, cause?: unknown): KilnError =>
  new KilnError({ code: 'no-proposal', what, hint, cause });

/** @throws KilnError `no-proposal` where a commit could not be made: told before a night is spent on it. */
export async function requireGit(exec: Exec, project: Project, branch: string): Promise<void> {
  const git = async (...args: readonly string[]): Promise<string> =>
    (await exec.run('git', ['-C', project.root, ...args])).stdout.trim();
  await git('check-ref-format', '--branch', branch).catch((cause: unknown) => {
    throw noCommit(`git takes ${branch} for no branch`, 'correct it in factory.yaml: nightly.branch', cause);
  });
  await git('rev-parse', '--verify', 'HEAD^{commit}').catch((cause: unknown) => {
    throw noCommit(
      `${project.root} is no checkout of a git repository with a commit`,
      'make one, or remove nightly.branch from factory.yaml: the proposal is a diff then',
      cause,
    );
  });
  await git('var', 'GIT_COMMITTER_IDENT').catch((cause: unknown) => {
    throw noCommit(
      'git does not know who commits',
      'git config user.name NAME; git config user.email ADDRESS',
      cause,
    );
  });
  const worktrees = await git('worktree', 'list', '--porcelain');
  if (worktrees.split('\n').includes(`branch refs/heads/${branch}`))
    throw noCommit(
      `branch ${branch} is checked out, and would change under who works there`,
      'name another in factory.yaml: nightly.branch',
    );
}

/**
 * Commits the proposed files upon HEAD and points the branch there; neither the index nor a file of the checkout is
 * touched. A branch whose tip no night made is left as it is.
 * @returns the commit; undefined when what is committed is what is proposed.
 * @throws KilnError `no-proposal`.
 */
export async function commitProposal(exec: Exec, proposal: Proposal): Promise<string | undefined> {
  const { project, branch, folder, message, run, at } = proposal;
  const index = join(folder, 'index');
  const date = `${String(Math.floor(at / 1000))} +0000`;
  const env = { GIT_INDEX_FILE: index, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  const git = async (args: readonly string[], input?: string): Promise<string> => {
    const options = { env, ...defined({ input }) };
    return (await exec.run('git', ['-C', project.root, ...args], options)).stdout.trim();
  };
  try {
    const prefix = await git(['rev-parse', '--show-prefix']);
    const head = await git(['rev-parse', 'HEAD']);
    await git(['read-tree', head]);
    for (const file of [project.spec, project.lock].map((path) => basename(path))) {
      const blob = await git(['hash-object', '-w', '--no-filters', join(folder, file)]);
      await git(['update-index', '--add', '--cacheinfo', `100644,${blob},${prefix}${file}`]);
    }
    const tree = await git(['write-tree']);
    if (tree === (await git(['rev-parse', `${head}^{tree}`]))) return undefined;
    const text = `${message}\n${TRAILER}: ${run}\n`;
    const commit = await git(['commit-tree', tree, '-p', head, '-F', '-'], text);
    const ref = `refs/heads/${branch}`;
    const tip = await git(['for-each-ref', '--format=%(objectname)', ref]);
    if (tip === commit) return commit;
    if (tip !== '' && !(await git(['log', '-1', '--format=%B', tip])).includes(`${TRAILER}: `))
      throw noCommit(
        `branch ${branch} ends in a commit that no night made, ${tip.slice(0, 12)}; it is left as it is`,
        'merge or remove that branch, or name another in factory.yaml: nightly.branch',
      );
    // Only if it is still what was looked at.
    await git(['update-ref', '-m', `kiln nightly ${run}`, ref, commit, tip === '' ? '0'.repeat(40) : tip]);
    return commit;
  } finally {
    await rm(index, { force: true });
  }
}
