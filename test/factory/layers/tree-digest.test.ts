import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { treeDigest } from '../../../factory/layers/tree-digest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-tree-'));
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'src', 'a.py'), 'a');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the digest of a folder', () => {
  it.each<[string, () => void]>([
    [
      'content',
      () => {
        writeFileSync(join(folder, 'src/a.py'), 'b');
      },
    ],
    [
      'a name',
      () => {
        renameSync(join(folder, 'src/a.py'), join(folder, 'src/b.py'));
      },
    ],
    [
      'a new file',
      () => {
        writeFileSync(join(folder, 'src/b.py'), '');
      },
    ],
    [
      'the executable bit',
      () => {
        chmodSync(join(folder, 'src/a.py'), 0o755);
      },
    ],
  ])('changes with %s', async (_, change) => {
    const before = await treeDigest(folder);
    change();
    expect(await treeDigest(folder)).not.toBe(before);
  });

  it.each<[string, () => void]>([
    [
      'dates',
      () => {
        utimesSync(join(folder, 'src/a.py'), 1, 1);
      },
    ],
    [
      'modes of group and others',
      () => {
        chmodSync(join(folder, 'src/a.py'), 0o600);
      },
    ],
    [
      'what tools leave behind',
      () => {
        for (const name of ['build', '__pycache__', 'x.egg-info', '.mypy_cache']) {
          mkdirSync(join(folder, name));
          writeFileSync(join(folder, name, 'x'), '');
        }
      },
    ],
  ])('does not change with %s', async (_, change) => {
    const before = await treeDigest(folder);
    change();
    expect(await treeDigest(folder)).toBe(before);
  });

  it('can keep a name that is otherwise taken for a build result', async () => {
    const before = await treeDigest(folder, ['build']);
    writeFileSync(join(folder, 'build'), '#!/bin/sh');
    expect(await treeDigest(folder, ['build'])).not.toBe(before);
  });
});
