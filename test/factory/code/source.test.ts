import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { placeCheckout, placeSource } from '../../../factory/code/place';
import { codeSource, type CodeSource } from '../../../factory/code/source';
import { formatError } from '../../../factory/errors';
import { planLayers } from '../../../factory/layers/plan';
import { hostExec } from '../../../factory/ports/machine/exec-host';
import type { Project } from '../../../factory/project';
import { Checkout } from '../../e2e/code/checkout';
import { lockOf } from '../lock/support';
import { refusal } from '../spec/support';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-source-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const projectOf = ({ root }: Checkout): Project => ({
  root,
  spec: join(root, 'factory.yaml'),
  lock: join(root, 'factory.lock.json'),
  state: join(root, '.kiln'),
  cache: join(folder, 'cache'),
  home: join(__dirname, '../../..'),
});
const sourceOf = async (checkout: Checkout): Promise<CodeSource> =>
  await codeSource(projectOf(checkout), checkout.code, hostExec);
const checkout = (code = '.', name = 'checkout'): Checkout => new Checkout(name, folder, code);
const keyOf = async (of: Checkout): Promise<string | undefined> =>
  (await planLayers(projectOf(of), lockOf([]), of.code)).find(({ name }) => name === 'code')?.own;

describe('the source of the code package', () => {
  it('is what git tracks and what it does not know, never what it ignores', async () => {
    const found = await sourceOf(
      checkout()
        .write({ '.gitignore': 'credentials*\n/build/\n', 'a/build/b.py': '', 'a/.dot': '', 'a/x~': '', 'a/gone.py': '' })
        .commit()
        .write({ 'a/new.py': '', 'credentials.json': '', 'build/lib/a.py': '', 'a/__pycache__/b.pyc': '' })
        .delete('a/gone.py'),
    ); // prettier-ignore
    expect(found.paths).toEqual(['.gitignore', 'a/.dot', 'a/build/b.py', 'a/new.py', 'a/x~']);
    expect(found.untracked).toEqual(['a/new.py']);
  });

  it('takes a tracked file that a pattern ignores', async () => {
    const of = checkout().write({ '.gitignore': '*.pyc\n', 'a.pyc': '' });
    of.git(['init', '--quiet'], ['add', '--force', '.']);
    expect((await sourceOf(of)).paths).toContain('a.pyc');
  });

  it.each([
    ['hatchling.build', ['.gitignore', 'teams/.gitignore']],
    ['ours', ['.gitignore', 'teams/.gitignore']],
    ['setuptools.build_meta', []],
    ['flit_core.buildapi', []],
  ])('is the folder alone, for %s with the ignore files above it: %j', async (backend, above) => {
    const of = checkout('teams/etl').write({
      '.gitignore': '*.log\n', 'teams/.gitignore': '', 'teams/etl/a.py': '', 'teams/b.py': '', 'other/.gitignore': '',
      'teams/etl/pyproject.toml': `[build-system]\nrequires = []\nbuild-backend = "${backend}"\n`,
    }); // prettier-ignore
    expect(await sourceOf(of.commit())).toMatchObject({
      folder: 'teams/etl',
      paths: [...above, 'teams/etl/a.py', 'teams/etl/pyproject.toml'],
    });
  });

  it('is everything where no repository looks after it, less caches, bytecode and what kiln writes', async () => {
    const of = checkout().write({
      'a.py': '', '.env': '', 'dist/a.py': '', 'a.egg-info/x': '', '.kiln/images/x': '', '.venv/pyvenv.cfg': '',
      '.venv/bin/x': '', '.mypy_cache/CACHEDIR.TAG': '', 'b/__pycache__/a.pyc': '', '.hg/store': '',
    }); // prettier-ignore
    const found = await sourceOf(of);
    expect(found.paths).toEqual(['.env', 'a.egg-info/x', 'a.py', 'dist/a.py']);
    expect(found.untracked).toEqual([]);
  });

  it('leaves kiln’s own folder out of a checkout that does not ignore it', async () => {
    const of = checkout().write({ 'a.py': '' }).commit().write({ '.kiln/images/x': '', '.kiln/y': '' });
    expect((await sourceOf(of)).paths).toEqual(['a.py']);
  });

  it('is everything of a folder that the repository around it ignores', async () => {
    const of = checkout('made')
      .write({ '.gitignore': '/made/\n', 'made/a.py': '', 'made/b.log': '' })
      .commit();
    expect((await sourceOf(of)).paths).toEqual(['a.py', 'b.log']);
  });

  it('has submodules as they are checked out, and names those that are not', async () => {
    const inner = checkout('.', 'inner').write({ '.gitignore': '*.log\n', 'c.py': '' }).commit();
    const add = ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.root];
    const of = checkout()
      .write({ 'a.py': '' })
      .commit()
      .git([...add, 'here'], [...add, 'away']);
    of.git(['commit', '--quiet', '--message=x'], ['submodule', '--quiet', 'deinit', '--force', 'away']);
    of.write({ 'here/x.log': '', 'here/new.py': '' });
    const found = await sourceOf(of);
    expect(found.paths).toEqual(['.gitmodules', 'a.py', 'here/.gitignore', 'here/c.py', 'here/new.py']);
    expect([found.untracked, found.absent]).toEqual([['here/new.py'], ['away']]);
  });

  it('has names with spaces, quotes and letters of all kinds', async () => {
    const names = ['a b.py', 'ä"\'.py', 'line\nbreak.py', '-dash.py'];
    const of = checkout().write(Object.fromEntries(names.map((name) => [name, ''])));
    expect((await sourceOf(of.commit())).paths).toEqual([...names].sort());
  });

  it('refuses, all at once, links that a build could not follow and what is no file', async () => {
    const of = checkout('etl').write({
      '.gitignore': 'big\n', 'shared.sql': '', 'etl/big/x.sql': '', 'etl/a.sql': { link: '../shared.sql' },
      'etl/b': { link: 'big' }, 'etl/c': { link: '/etc/hostname' }, 'etl/ok': { link: 'sub' }, 'etl/sub/y.sql': '',
      'etl/nowhere': { link: 'nothing' },
    }); // prettier-ignore
    const error = await refusal(() => sourceOf(of.commit()));
    expect([error.code, error.exitCode]).toEqual(['code-source', 2]);
    expect(error.faults.map(({ where }) => where)).toEqual(['etl/a.sql', 'etl/b', 'etl/c']);
    expect(formatError(error)).toContain('git ignores it');
  });

  it('refuses a pipe and a name that is not UTF-8', async () => {
    const of = checkout().write({ 'a.py': '' });
    execFileSync('mkfifo', [join(of.root, 'pipe')]);
    expect(formatError(await refusal(() => sourceOf(of)))).toContain('pipe: it is no file');
    rmSync(join(of.root, 'pipe'));
    writeFileSync(Buffer.concat([Buffer.from(`${of.root}/x`), Buffer.from([0xe4])]), '');
    of.git(['init', '--quiet'], ['add', '.']);
    expect(formatError(await refusal(() => sourceOf(of)))).toContain('not UTF-8');
  });

  it('is not guessed where git cannot read the repository', async () => {
    const of = checkout().write({ 'a.py': '', '.git/HEAD': 'nonsense' });
    expect(await refusal(() => sourceOf(of))).toMatchObject({ code: 'code-source', exitCode: 2 });
  });

  it('is read from the right repository, whatever the environment names', async () => {
    const of = checkout().write({ 'a.py': '' }).commit();
    process.env['GIT_DIR'] = '/nonexistent';
    try {
      expect((await sourceOf(of)).paths).toEqual(['a.py']);
    } finally {
      delete process.env['GIT_DIR'];
    }
  });
});

describe('the copy of a source', () => {
  it('has bytes, links and executable bits as they are, and empty folders for absent submodules', async () => {
    const of = checkout().write({
      'a.txt': 'x\r\n', 'run.sh': { program: '#!/bin/sh\n' }, 'b.txt': { link: 'a.txt' }, '.gitattributes': '* text=auto\n',
    }); // prettier-ignore
    const target = join(folder, 'copy');
    await placeSource({ ...(await sourceOf(of)), absent: [] }, target, hostExec);
    expect(readFileSync(join(target, 'a.txt'), 'utf8')).toBe('x\r\n');
    expect(readlinkSync(join(target, 'b.txt'))).toBe('a.txt');
    expect(lstatSync(join(target, 'run.sh')).mode & 0o100).toBe(0o100);
    expect(existsSync(join(target, '.git'))).toBe(false);
  });

  const asked = (at: string, ...words: string[]): string =>
    execFileSync('git', ['-c', 'safe.directory=*', '-C', at, ...words], { encoding: 'utf8' });

  it.each([
    ['on a branch, two commits after a tag', (of: Checkout) => of.commit('v1').write({ b: '' }).commit()],
    ['on no branch', (of: Checkout) => of.commit('v1').git(['checkout', '--quiet', '--detach'])],
    ['with changes inside', (of: Checkout) => of.commit('v1').write({ 'etl/a.py': 'x\n' })],
    ['with changes outside', (of: Checkout) => of.commit('v1').write({ outside: 'x\n' })],
    ['with what is staged', (of: Checkout) => of.commit('v1').write({ n: '' }).git(['add', 'n'])],
    ['with a deleted file', (of: Checkout) => of.commit('v1').delete('outside')],
    ['with line ends that a checkout changes', (of: Checkout) =>
      of.write({ '.gitattributes': '*.txt text\n', 'etl/c.txt': 'a\r\n' }).commit('v1')],
    ['with a light tag', (of: Checkout) => of.commit().git(['tag', 'v2'])],
  ])('answers git as the checkout does: %s', async (_, change) => {
    const of = checkout('etl').write({ 'etl/a.py': '', 'etl/pyproject.toml': '# git\n', outside: '' });
    change(of);
    const target = join(folder, 'copy');
    await placeSource(await sourceOf(of), target, hostExec);
    for (const words of [
      ['describe', '--tags', '--long', '--always', '--dirty'],
      ['ls-files'],
      ['rev-parse', 'HEAD'],
      ['log', '--format=%H %an %ad %s'],
      ['diff-index', '--name-only', 'HEAD'],
      ['archive', '--format=tar', 'HEAD'],
    ])
      expect(asked(target, ...words), words.join(' ')).toBe(asked(of.root, ...words));
    expect(existsSync(join(target, 'outside'))).toBe(false);
  }); // prettier-ignore

  it('answers git from a shallow clone and before the first commit', async () => {
    const full = checkout('.', 'full')
      .write({ 'setup.py': '# git\n' })
      .commit('v1')
      .write({ a: '' })
      .commit();
    execFileSync('git', ['clone', '--quiet', '--depth=1', `file://${full.root}`, join(folder, 'shallow')]);
    const target = join(folder, 'copy');
    await placeSource(await sourceOf(checkout('.', 'shallow')), target, hostExec);
    expect(asked(target, 'rev-list', '--count', 'HEAD')).toBe('1\n');
    const unborn = checkout('.', 'unborn')
      .write({ 'setup.py': '# git\n' })
      .git(['init', '--quiet'], ['add', '.']);
    await placeSource(await sourceOf(unborn), join(folder, 'other'), hostExec);
    expect(asked(join(folder, 'other'), 'ls-files')).toBe('setup.py\n');
  });
});

describe('the key of the code layer', () => {
  it('follows the source and nothing else of the checkout', async () => {
    const of = checkout('etl').write({ 'etl/setup.py': '', '.gitignore': 'x\n', outside: '' }).commit();
    const key = await keyOf(of);
    of.write({ outside: 'other\n', 'etl/x': '' }).git(
      ['add', 'outside'],
      ['commit', '--quiet', '--message=other'],
    );
    mkdirSync(join(of.root, 'etl/empty'));
    expect(await keyOf(of)).toBe(key);
    of.write({ 'etl/new.py': '' });
    expect(await keyOf(of)).not.toBe(key);
  });

  it('follows commits and tags where the build reads them', async () => {
    const of = checkout()
      .write({ 'pyproject.toml': '[build-system]\nrequires = ["setuptools_scm"]\n' })
      .commit();
    const keys = [await keyOf(of)];
    of.git(['tag', 'v1']);
    keys.push(await keyOf(of));
    of.git(['commit', '--quiet', '--allow-empty', '--message=x']);
    keys.push(await keyOf(of));
    expect(new Set(keys).size).toBe(3);
  });
});

describe('a checkout made elsewhere from a source', () => {
  it.each([
    ['no repository', () => checkout('etl').write({ 'etl/a.py': '', 'etl/.env': '' })],
    ['a repository', () =>
      checkout('etl').write({ '.gitignore': '*.dat\n', 'etl/a.py': '' }).commit().write({ 'etl/new.py': '', 'etl/no.dat': '' })],
    ['a tracked file that is ignored', () => {
      const of = checkout().write({ '.gitignore': '*.pyc\n', 'a.pyc': '' });
      return of.git(['init', '--quiet'], ['add', '--force', '.']);
    }],
    ['history, changes and another folder', () =>
      checkout('etl').write({ 'etl/setup.py': '# git\n', b: '' }).commit('v1').write({ b: 'x', 'etl/c.py': '' })],
    ['submodules', () => {
      const inner = checkout('.', 'inner').write({ '.gitignore': '*.log\n', 'c.py': '', 'd.log': '' }).commit();
      const add = ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.root];
      const of = checkout().write({ 'a.py': '' }).commit().git([...add, 'here'], [...add, 'away']);
      return of.git(['commit', '--quiet', '--message=x'], ['submodule', '--quiet', 'deinit', '--force', 'away']);
    }],
  ])('gives the same layer: %s', async (_, make) => {
    const of = make();
    const target = join(folder, 'elsewhere');
    await placeCheckout(await sourceOf(of), of.code === '.' || existsSync(join(of.root, '.git')) ? target : join(target, of.code), hostExec);
    const [one, other] = [await sourceOf(of), await sourceOf(new Checkout('elsewhere', folder, of.code))];
    expect({ ...other, top: '', nested: [], untracked: [] }).toEqual({ ...one, top: '', nested: [], untracked: [] });
    expect(await keyOf(new Checkout('elsewhere', folder, of.code))).toBe(await keyOf(of));
  }); // prettier-ignore
});
