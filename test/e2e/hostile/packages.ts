import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  readdirSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DebianInput } from '../../../factory/contracts/lock';
import { openDiskTools } from '../../../factory/disk/tools-tree';
import { hostExec } from '../../../factory/ports/machine/exec-host';
import { findProject, type Project } from '../../../factory/project';
import { plant, vaultOf } from '../../factory/vault/support';
import { refusal } from '../../factory/spec/support';

/** An archive of ar(1), as a package is one. */
const ar = (members: Readonly<Record<string, Buffer>>): Buffer =>
  Buffer.concat([
    Buffer.from('!<arch>\n'),
    ...Object.entries(members).flatMap(([name, bytes]) => [
      Buffer.from(
        `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(bytes.length).padEnd(10)}\x60\n`,
      ),
      bytes,
      Buffer.alloc(bytes.length % 2, '\n'),
    ]),
  ]);

/** A package of the files that `fill` makes and names: no member for a folder, as no builder of packages would make it. */
function packageOf(folder: string, name: string, fill: (root: string) => readonly string[]): Buffer {
  const tar = (root: string, ...files: readonly string[]): Buffer =>
    execFileSync('tar', ['--owner=0', '--group=0', '--no-recursion', '-C', root, '-cf', '-', ...files]);
  const control = join(folder, 'control');
  writeFileSync(
    control,
    `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: none <none@example.org>\nDescription: none\n`,
  );
  mkdirSync(join(folder, 'root/usr'), { recursive: true });
  const files = fill(join(folder, 'root'));
  return ar({
    'debian-binary': Buffer.from('2.0\n'),
    'control.tar': tar(folder, './control'),
    'data.tar': tar(join(folder, 'root'), ...files.map((file) => `./${file}`)),
  });
}

describe.skipIf(process.getuid?.() !== 0)('the disk tools, unpacked as root (needs root)', () => {
  let folder: string;
  let outside: string;
  let project: Project;
  const open = async (
    debs: Readonly<Record<string, (root: string) => readonly string[]>>,
  ): Promise<string> => {
    const inputs = Object.entries(debs).map(([name, fill]): DebianInput => {
      const bytes = packageOf(mkdtempSync(join(folder, 'made-')), name, fill);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      plant(join(project.cache, 'vault'), sha256, bytes);
      return {
        ...{ use: 'tools', source: 'debian', name, version: '1', arch: 'all', archive: 'debian' },
        ...{ path: `pool/main/${name}_1_all.deb`, size: bytes.length, sha256 },
      };
    });
    const vault = vaultOf(project.cache, []);
    try {
      return (await openDiskTools({ exec: hostExec, vault, project }, { inputs, epoch: 1 })).path('.');
    } finally {
      await vault.close();
    }
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-tools-e2e-'));
    outside = join(tmpdir(), `${basename(folder)}-outside`);
    mkdirSync(outside);
    const cache = join(folder, 'cache');
    project = { ...findProject(), cache, state: join(folder, 'state') };
  });
  afterAll(() => {
    for (const path of [folder, outside]) rmSync(path, { recursive: true, force: true });
  });

  it('are there with the files of every package', async () => {
    const file = (name: string) => (root: string) => {
      writeFileSync(join(root, 'usr', name), name);
      return [`usr/${name}`];
    };
    const tree = await open({ good: file('good'), other: file('other') });
    expect(['good', 'other'].map((name) => readFileSync(join(tree, 'usr', name), 'utf8'))).toEqual([
      'good',
      'other',
    ]);
  });

  it('write nothing where a link of one package leads and a file of another goes, and leave nothing in the cache', async () => {
    const link = (root: string): readonly string[] => {
      symlinkSync(outside, join(root, 'usr/esc'));
      return ['usr/esc'];
    };
    const through = (root: string): readonly string[] => {
      mkdirSync(join(root, 'usr/esc'));
      writeFileSync(join(root, 'usr/esc/intruded'), 'intruded');
      return ['usr/esc/intruded'];
    };
    // The vault gets the packages; whatever else is new is left over.
    const inCache = (): string[] =>
      readdirSync(project.cache, { recursive: true, encoding: 'utf8' }).filter(
        (path) => !path.startsWith('vault'),
      );
    const before = inCache();
    const fault = await refusal(() => open({ alink: link, bfile: through }));
    expect(fault.code).toBe('recipe-failed');
    expect(readdirSync(outside)).toEqual([]);
    expect(inCache().sort()).toEqual(before.sort());
  });
});
