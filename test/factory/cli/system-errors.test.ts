import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemError } from '../../../factory/cli/system-error';

const HOME = resolve(__dirname, '../../..');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-system-'));
  for (const file of ['factory.yaml', 'environment.yml']) cpSync(join(HOME, file), join(folder, file));
  mkdirSync(join(folder, 'jobs'));
  cpSync(join(HOME, 'jobs/pyproject.toml'), join(folder, 'jobs/pyproject.toml'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function kiln(words: readonly string[], stdout: 'pipe' | number = 'pipe') {
  const {
    status,
    stdout: out,
    stderr: err,
  } = spawnSync(join(HOME, 'bin/kiln'), words, {
    cwd: folder,
    env: { ...process.env, KILN_PROJECT: folder },
    stdio: ['ignore', stdout, 'pipe'],
    encoding: 'utf8',
  });
  return { status, out, err };
}
const REGISTRY = '.kiln/registry';

/** What stands in the place of a folder, and what a command says of it. */
const PLACES: readonly [string, () => unknown, readonly string[], RegExp][] = [
  [
    'an empty folder for the registry',
    () => mkdirSync(join(folder, REGISTRY), { recursive: true }),
    ['images'],
    /^kiln: the folder .*registry is empty: there is no registry in it\n {2}mount the disk/,
  ],
  [
    'a file for the registry',
    () => {
      mkdirSync(join(folder, '.kiln'));
      writeFileSync(join(folder, REGISTRY), '');
    },
    ['images'],
    /^kiln: there is something other than a folder at .*registry/,
  ],
  [
    'a link that leads nowhere for the registry',
    () => {
      mkdirSync(join(folder, '.kiln'));
      symlinkSync('nowhere', join(folder, REGISTRY));
    },
    ['images'],
    /^kiln: there is something other than a folder at .*registry/,
  ],
  [
    'a link that leads nowhere where a registry is made',
    () => {
      mkdirSync(join(folder, '.kiln'));
      symlinkSync('nowhere/there', join(folder, REGISTRY));
    },
    ['registry', 'init'],
    /^kiln: making the folder .*registry: it is not there, or a part of it is not \(ENOENT\)/,
  ],
  [
    'a file for the state folder',
    () => {
      writeFileSync(join(folder, '.kiln'), '');
    },
    ['registry', 'init'],
    /^kiln: making the folder .*: (a part of it is a file|it is there already)/,
  ],
  [
    'a lock that is not there',
    () => undefined,
    ['vault', 'verify', '--lock', '/nonexistent'],
    /^kiln: there is no lock \/nonexistent\n/,
  ],
];

describe('what the machine refuses is said in two lines, not as an internal error', () => {
  it.each(PLACES)('%s', (_, make, words, said) => {
    make();
    const { status, err } = kiln(words);
    expect(err).toMatch(said);
    expect(err).not.toMatch(/internal error|^ +at /m);
    expect(err.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
    expect([2, 3]).toContain(status);
  });

  it.each(PLACES)('%s: as JSON with --json', (_, make, words, said) => {
    make();
    const { out } = kiln([...words, '--json']);
    const { error } = JSON.parse(out) as { error: { code: string; message: string; hint: string } };
    expect(`kiln: ${error.message}\n  ${error.hint}\n`).toMatch(said);
  });

  it('a disk that is full takes no answer, and kiln says so', () => {
    const full = openSync('/dev/full', 'w');
    for (const words of [['images'], ['images', '--json'], ['--help']]) {
      const { status, err } = kiln(words, full);
      expect([words, status]).toEqual([words, 3]);
      expect(err).toBe('kiln: its answer could not be written: writing: no space is left (ENOSPC)\n');
    }
    closeSync(full);
  });
});

describe('wrong use is answered as JSON with --json', () => {
  it.each([
    [['nosuch', '--json'], "unknown command 'nosuch'"],
    [['promote', '--json'], "missing required argument 'image'"],
    [['images', '--json', '--frob'], "unknown option '--frob'"],
    [['image', 'show', '--json'], "missing required argument 'image'"],
  ])('%j', (words, what) => {
    const { status, out, err } = kiln(words);
    expect(status).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'usage', message: what } });
    expect(err).toContain(`kiln: ${what}`);
  });
});

describe('an error of the operating system', () => {
  const error = (code: string, more: object = {}): Error =>
    Object.assign(new Error(code), { code, syscall: 'open', path: '/x/y', ...more });

  it.each(['EACCES', 'EROFS', 'ENOSPC', 'EISDIR', 'ENOTDIR', 'ELOOP', 'EMFILE', 'EIO', 'ENAMETOOLONG'])(
    'has what, where and a way out: %s',
    (code) => {
      const known = systemError(error(code));
      expect(known).toMatchObject({ code: 'system', exitCode: 3 });
      expect(known?.message).toMatch(new RegExp(`^opening /x/y: [a-z].* \\(${code}\\)$`));
      expect(known?.hint).toBeTruthy();
    },
  );

  it.each([
    ['one of Node’s own', error('ERR_INVALID_ARG_TYPE', { syscall: undefined })],
    ['one that nobody has words for', error('EILSEQ')],
    ['no error of the system', new TypeError('x is not a function')],
    ['no error at all', 'text'],
  ])('is not what %s is', (_, other) => {
    expect(systemError(other)).toBeUndefined();
  });
});
