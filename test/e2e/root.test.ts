import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bakedImage } from './image';

const HOME = resolve(__dirname, '..', '..');
const found = bakedImage();

/** Compares a mounted root with the manifest, by the program that nodes do it with; nothing lies over this one. */
const COMPARE = `
import json, os, sys
from pathlib import Path
from kiln_node.boot import filecheck
filecheck.COVERED = ()
root, manifest = Path(sys.argv[1]), Path(sys.argv[2])
names = 1 + sum(len(folders) + len(files) for _, folders, files in os.walk(root))
print(json.dumps({**filecheck.check(manifest, root), "names": names}))
`;

describe.skipIf(typeof found === 'string')('the root partition of a real image, which needs root', () => {
  if (typeof found === 'string') return;

  it(
    "has the layers' files, each with its content, mode and owner, and no other",
    { timeout: 300_000 },
    () => {
      const root = found.record.partitions.find(({ name }) => name === 'root');
      const manifest = join(found.folder, 'files.mtree');
      const point = mkdtempSync(join(tmpdir(), 'kiln-root-e2e-'));
      try {
        // A mount namespace of its own: what is mounted there goes with the process.
        const said = execFileSync(
          'unshare',
          [
            ...['--mount', 'bash', '-euc', 'mount -o "$1" "$2" "$3"; python3 -B -c "$4" "$3" "$5"', 'bash'],
            `ro,loop,offset=${String(root?.start)},sizelimit=${String(root?.size)}`,
            ...[join(found.folder, 'image.raw'), point, COMPARE, manifest],
          ],
          { encoding: 'utf8', env: { ...process.env, PYTHONPATH: join(HOME, 'images/rootfs/usr/lib/kiln') } },
        );
        const entries = readFileSync(manifest, 'utf8')
          .split('\n')
          .filter((line) => /^\./.test(line)).length;
        expect(entries).toBeGreaterThan(10_000);
        expect(JSON.parse(said)).toEqual({ files: entries - 1, damaged: 0, first: [], names: entries });
      } finally {
        rmdirSync(point);
      }
    },
  );

  it('does not differ from itself', () => {
    const { digest } = found.record;
    const said = execFileSync(join(HOME, 'bin/kiln'), ['image', 'diff', '--exit-code', digest, digest], {
      cwd: HOME,
      encoding: 'utf8',
    });
    expect(said).toBe(`the same image: ${digest}\n`);
  });
});
