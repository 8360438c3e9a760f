import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commitProposal, type Proposal, requireGit, unifiedDiff } from '../../../factory/nightly/propose';
import { hostExec } from '../../../factory/ports/machine/exec-host';
import type { Project } from '../../../factory/project';
import { projectOf, refusal } from '../spec/support';

const AT = Date.parse('2026-11-24T02:00:00Z');

/** A checkout with a commit, the project in a folder of it, and what a night proposes. */
function checkout(): { readonly git: (...args: string[]) => string; readonly proposal: Proposal } {
  const { root } = projectOf();
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', root, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  git('init', '-q', '-b', 'main');
  git('config', 'user.name', 'A team');
  git('config', 'user.email', 'team@example.org');
  const inner = join(root, 'infra');
  mkdirSync(inner);
  writeFileSync(join(inner, 'factory.yaml'), 'spark: 4.1.4\n');
  writeFileSync(join(inner, 'factory.lock.json'), 'one\ntwo\n');
  git('add', '-A');
  git('commit', '-qm', 'first');
  const folder = join(inner, '.kiln', 'night');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'factory.yaml'), 'spark: 4.1.4\n');
  writeFileSync(join(folder, 'factory.lock.json'), 'one\nthree\n');
  const project: Project = {
    root: inner,
    spec: join(inner, 'factory.yaml'),
    lock: join(inner, 'factory.lock.json'),
    state: join(inner, '.kiln'),
    cache: join(root, 'cache'),
    home: root,
  };
  const run = '20261124T020000000Z';
  return {
    git,
    proposal: { project, branch: 'nightly/lock', folder, message: 'Lock: one\n\n- a', run, at: AT },
  };
}

describe('the branch of a proposal', () => {
  it('has one commit upon the one that is checked out, of which neither index nor files know', async () => {
    const { git, proposal } = checkout();
    writeFileSync(join(proposal.project.root, 'factory.lock.json'), 'somebody works here\n');
    const commit = await commitProposal(hostExec, proposal);
    expect(git('rev-parse', 'nightly/lock')).toBe(commit);
    expect(git('rev-parse', 'nightly/lock^')).toBe(git('rev-parse', 'HEAD'));
    expect(git('diff', '--name-only', 'HEAD', 'nightly/lock')).toBe('infra/factory.lock.json');
    expect(git('show', 'nightly/lock:infra/factory.lock.json')).toBe('one\nthree');
    expect(git('log', '-1', '--format=%B', 'nightly/lock')).toBe(
      'Lock: one\n\n- a\nKiln-Nightly: 20261124T020000000Z',
    );
    expect(git('status', '--porcelain', '-uno')).toBe('M infra/factory.lock.json');
    expect(readFileSync(join(proposal.project.root, 'factory.lock.json'), 'utf8')).toBe(
      'somebody works here\n',
    );
  });

  it('is the same when it is made again, and follows the next night', async () => {
    const { git, proposal } = checkout();
    const commit = await commitProposal(hostExec, proposal);
    expect(await commitProposal(hostExec, proposal)).toBe(commit);
    writeFileSync(join(proposal.folder, 'factory.lock.json'), 'one\nfour\n');
    await commitProposal(hostExec, { ...proposal, run: '20261125T020000000Z' });
    expect(git('show', 'nightly/lock:infra/factory.lock.json')).toBe('one\nfour');
    expect(git('rev-list', '--count', 'HEAD..nightly/lock')).toBe('1');
  });

  it('is not made when what is proposed is committed already', async () => {
    const { git, proposal } = checkout();
    writeFileSync(join(proposal.folder, 'factory.lock.json'), 'one\ntwo\n');
    expect(await commitProposal(hostExec, proposal)).toBeUndefined();
    expect(git('branch', '--list', 'nightly/lock')).toBe('');
  });

  it('with commits of people is left as it is', async () => {
    const { git, proposal } = checkout();
    git('branch', 'nightly/lock');
    const tip = git('rev-parse', 'nightly/lock');
    const error = await refusal(() => commitProposal(hostExec, proposal));
    expect(error).toMatchObject({ code: 'no-proposal' });
    expect(error.message).toContain('that no night made');
    expect(git('rev-parse', 'nightly/lock')).toBe(tip);
  });

  it('is refused beforehand where no commit could be made', async () => {
    const { git, proposal } = checkout();
    const { project } = proposal;
    await requireGit(hostExec, project, 'nightly/lock');
    expect((await refusal(() => requireGit(hostExec, project, 'a..b'))).message).toContain('no branch');
    expect((await refusal(() => requireGit(hostExec, project, 'main'))).message).toContain('checked out');
    git('config', 'user.email', '');
    git('config', 'user.name', '');
    const error = await refusal(() => requireGit(hostExec, project, 'nightly/lock'));
    expect(error.message).toContain('who commits');
    expect(await refusal(() => requireGit(hostExec, projectOf(), 'nightly/lock'))).toMatchObject({
      code: 'no-proposal',
    });
  });
});

it('the diff of a night makes the files what it proposes, by git apply', async () => {
  const { proposal } = checkout();
  const { project, folder } = proposal;
  const diff = await unifiedDiff(
    hostExec,
    ['factory.yaml', 'factory.lock.json'].map((name) => ({
      name,
      from: join(project.root, name),
      to: join(folder, name),
    })),
  );
  expect(diff).toContain('-two\n+three\n');
  expect(diff).not.toContain('factory.yaml');
  const { status, stderr } = spawnSync('git', ['apply'], {
    cwd: project.root,
    input: diff,
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  expect(readFileSync(project.lock, 'utf8')).toBe('one\nthree\n');
});
