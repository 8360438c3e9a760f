import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lock } from '../../factory/contracts/lock';
import { LayerCache } from '../../factory/layers/cache';
import { unpackedTree } from '../../factory/layers/trees';
import { planLayers } from '../../factory/layers/plan';
import { requireKeyed } from '../../factory/layers/resolve';
import { readLocked } from '../../factory/lock';
import { hostExec } from '../../factory/ports/machine/exec-host';
import { findProject } from '../../factory/project';
import { readSpec } from '../../factory/spec/read';
import { bakedImage, type BakedImage } from './image';

const home = resolve(__dirname, '..', '..');
const image = bakedImage();
const skip = typeof image === 'string';

describe.skipIf(skip)(`a bake without a network, upon a damaged cache${skip ? ` (${image})` : ''}`, () => {
  const { record } = image as BakedImage;
  let scratch: string;
  let cache: string;
  let tree: string;
  let project: string;

  const keyOf = (name: string): string => record.layers.find((layer) => layer.name === name)?.key ?? '';

  /** A cache of its own: links to the user's, but for what the test damages. */
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'kiln-offline-'));
    cache = join(scratch, 'cache');
    const users =
      process.env['KILN_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kiln');
    mkdirSync(cache);
    const links = (path: string): void => {
      execFileSync('cp', ['-al', join(users, path), join(cache, path)]);
    };
    // Not only the layers of the record: those that are for recipes alone are not in it.
    for (const path of ['vault', 'tools', 'layers']) links(path);
    const checkout = findProject(home);
    const locked = readLocked(checkout);
    const plan = await planLayers(checkout, locked.lock, readSpec(checkout).spec.code);
    const seen = requireKeyed(plan, new LayerCache(cache), 'code').keyed.sees.find(
      ({ layer }) => layer.name === 'os',
    );
    if (seen === undefined) throw new Error('the code layer does not see the base');
    tree = await unpackedTree(hostExec, cache, seen);

    // A project that was never baked here: the same files, no state.
    project = join(scratch, 'project');
    mkdirSync(project);
    const left = new Set(['.git', '.kiln', '.venv', 'node_modules', 'dist', 'cdktf.out']);
    for (const name of readdirSync(home).filter((each) => !left.has(each)))
      cpSync(join(home, name), join(project, name), { recursive: true, verbatimSymlinks: true });
  });
  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  /** Flips a bit in the middle of a file that is nobody else's from then on. */
  function damage(file: string): void {
    cpSync(file, `${file}.new`);
    chmodSync(`${file}.new`, statSync(file).mode | 0o200);
    const bytes = readFileSync(`${file}.new`);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(`${file}.new`, bytes);
    chmodSync(`${file}.new`, statSync(file).mode);
    renameSync(`${file}.new`, file);
  }

  const run = (program: string, ...args: string[]): { code: number | null; out: unknown; err: string } => {
    const { status, stdout, stderr } = spawnSync(program, [...args, '--json'], {
      cwd: project,
      encoding: 'utf8',
      env: { ...process.env, KILN_CACHE: cache },
    });
    return { code: status, out: stdout === '' ? undefined : JSON.parse(stdout), err: stderr };
  };
  const kiln = join(home, 'bin', 'kiln');

  it('gives the same image, opens no connection, and says what it built again', () => {
    damage(join(cache, 'layers', keyOf('code'), 'layer.tar'));
    damage(join(tree, 'usr', 'lib', 'os-release'));
    // Not even loopback is up in there.
    const { code, out, err } = run('unshare', '--net', kiln, 'bake', '--offline');
    expect(code, err).toBe(0);
    expect(out).toMatchObject({ digest: record.digest, baked: true });
    expect(err).toContain('layer code is damaged in the cache: it is built again');
    expect(err).toContain('the unpacked layer os differs at usr/lib/os-release: it is unpacked again');
  });

  it('finds what the registry keeps of its inputs, and nothing damaged', () => {
    const lock = Lock.parse(JSON.parse(readFileSync(join(project, 'factory.lock.json'), 'utf8')));
    const inputs = [...lock.inputs].sort((a, b) => a.size - b.size).slice(0, 3);
    writeFileSync(join(scratch, 'few.json'), JSON.stringify({ ...lock, inputs }));
    const few = ['--lock', join(scratch, 'few.json')];
    const first = inputs[0]?.sha256 ?? '';
    const file = (folder: string): string => join(folder, first.slice(0, 2), first);

    expect(run(kiln, 'vault', 'push', ...few)).toMatchObject({ code: 0, out: { pushed: 3, present: 0 } });
    expect(run(kiln, 'vault', 'push', ...few)).toMatchObject({ code: 0, out: { pushed: 0, present: 3 } });

    const kept = join(project, '.kiln', 'registry', 'inputs');
    damage(file(kept));
    const damaged = [{ sha256: first }];
    expect(run(kiln, 'vault', 'verify', '--registry')).toMatchObject({
      code: 1,
      out: { checked: 3, damaged },
    });
    expect(run(kiln, 'vault', 'verify', '--registry', '--repair')).toMatchObject({
      code: 0,
      out: { repaired: true },
    });
    expect(run(kiln, 'vault', 'verify', '--registry')).toMatchObject({ code: 0, out: { damaged: [] } });

    rmSync(file(join(cache, 'vault')));
    expect(run(kiln, 'vault', 'pull', ...few)).toMatchObject({ code: 0, out: { pulled: 1, present: 2 } });

    mkdirSync(join(kept, 'ab'), { recursive: true });
    writeFileSync(join(kept, 'ab', 'ab'.repeat(32)), 'of no lock');
    const plan = { remove: ['ab'.repeat(32)], keep: 3 };
    expect(run(kiln, 'vault', 'gc', '--registry')).toMatchObject({
      code: 0,
      out: { ...plan, applied: false },
    });
    expect(run(kiln, 'vault', 'gc', '--registry', '--apply')).toMatchObject({
      out: { ...plan, applied: true },
    });
    expect(run(kiln, 'vault', 'gc', '--registry')).toMatchObject({ out: { remove: [], keep: 3 } });
  });
});
