import { execFile, execFileSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Verdict } from '../../factory/contracts/verdict';
import { bakedImage } from './image';

const HOME = resolve(__dirname, '..', '..');
const found = bakedImage();
const BLOCK = 4096;
const WINDOW = 64 * 1024 * 1024;

/** Where a block lies on the disk, in bytes; every place it is found at must be the one. */
function find(disk: string, block: Buffer): number {
  const file = openSync(disk, 'r');
  try {
    const window = Buffer.alloc(WINDOW);
    for (let at = 0; at < statSync(disk).size; at += WINDOW) {
      const size = readSync(file, window, 0, WINDOW, at);
      const index = window.subarray(0, size).indexOf(block);
      if (index >= 0) return at + index;
    }
  } finally {
    closeSync(file);
  }
  throw new Error('the block is nowhere on the disk');
}

describe.skipIf(typeof found === 'string')('a sealed image, which needs root', () => {
  if (typeof found === 'string') return;
  const root = found.record.partitions.find(({ name }) => name === 'root');
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-seal-e2e-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('does not run a program of which one bit is not as it was baked', { timeout: 1_500_000 }, async () => {
    const disk = join(folder, 'image.raw');
    execFileSync('cp', ['--sparse=always', '--reflink=auto', join(found.folder, 'image.raw'), disk]);
    execFileSync('chmod', ['u+w', disk]);
    copyFileSync(join(found.folder, 'record.json'), join(folder, 'record.json'));
    const mount = join(folder, 'root');
    mkdirSync(mount);
    const place = `ro,loop,offset=${String(root?.start)},sizelimit=${String(root?.size)}`;
    execFileSync('unshare', [
      '--mount',
      'bash',
      '-ec',
      'mount -o "$1" "$2" "$3"; dd if="$3/usr/lib/systemd/systemd" of="$4" bs=4096 skip=3 count=1 status=none',
      'bash',
      place,
      disk,
      mount,
      join(folder, 'block'),
    ]);
    const block = readFileSync(join(folder, 'block'));
    expect(block.length).toBe(BLOCK);
    const at = find(disk, block);
    const file = openSync(disk, 'r+');
    writeSync(file, Buffer.from([block.readUInt8(100) ^ 1]), 0, 1, at + 100);
    closeSync(file);

    const { stdout } = await promisify(execFile)(join(HOME, 'bin/kiln'), ['verify', folder, '--json'], {
      cwd: HOME,
    }).catch((error: unknown) => error as { code: number; stdout: string });

    const verdict = JSON.parse(stdout) as Verdict & { console: string };
    expect(verdict.ok).toBe(false);
    const failed = verdict.checks.filter(({ ok }) => !ok).map(({ name }) => name);
    expect(failed).toEqual(
      expect.arrayContaining(['disk is the one recorded', 'target reached', 'root is sealed']),
    );
    const console = readFileSync(verdict.console, 'utf8');
    expect(console).toMatch(/device-mapper: verity: .*data block \d+ is corrupted/);
    expect(console).toContain('Kernel panic - not syncing: dm-verity device corrupted');
  });
});
