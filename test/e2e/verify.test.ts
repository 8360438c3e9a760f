import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Verdict } from '../../factory/contracts/verdict';
import { whole } from './bakery';
import { bakedImage } from './image';

const HOME = resolve(__dirname, '..', '..');
const image = bakedImage();

/** Processes that mention a text on their command line. */
function processesWith(text: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
    } catch {
      return false;
    }
  });
}

const pause = async (milliseconds: number): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, milliseconds);
  });

describe.skipIf(typeof image === 'string')('kiln verify of a real image, which needs root', () => {
  if (typeof image === 'string') return;
  let folder: string;
  const kiln = join(HOME, 'bin', 'kiln');

  beforeAll(async () => {
    // A folder of its own: the same disk, and the verdict not beside the real one.
    folder = await mkdtemp(join(tmpdir(), 'kiln-verify-e2e-'));
    await symlink(join(image.folder, 'image.raw'), join(folder, 'image.raw'));
    await copyFile(join(image.folder, 'record.json'), join(folder, 'record.json'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it(
    'leaves no process and no file when it is killed while the machine boots',
    { timeout: 120_000 },
    async () => {
      const before = readdirSync(tmpdir()).filter((name) => name.startsWith('kiln-'));
      // bin/kiln becomes node, so that this is the process that gets killed.
      const child = spawn(kiln, ['verify', folder], { cwd: HOME, stdio: 'ignore' });
      const disk = join(folder, 'image.raw');
      const machines = (): string[] =>
        processesWith(disk).filter((pid) => pid !== String(child.pid) && pid !== String(process.pid));
      for (let i = 0; i < 400 && machines().length === 0; i++) await pause(200);
      expect(machines().length).toBeGreaterThan(0);
      child.kill('SIGKILL');
      for (let i = 0; i < 100 && machines().length > 0; i++) await pause(100);
      expect(machines()).toEqual([]);
      expect(readdirSync(tmpdir()).filter((name) => name.startsWith('kiln-'))).toEqual(before);
      expect(readFileSync('/proc/mounts', 'utf8')).not.toContain('kiln-verify');
      expect(existsSync(join(folder, 'verdicts'))).toBe(false);
    },
  );

  // The demo does so, too: a boot is minutes without KVM.
  it.runIf(whole)('boots it, and every check holds (make test-all)', { timeout: 1_500_000 }, () => {
    const text = execFileSync(kiln, ['verify', folder, '--json'], {
      cwd: HOME,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const { file, console, ...verdict } = JSON.parse(text) as Verdict & { file: string; console: string };
    expect(verdict.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(verdict.ok).toBe(true);
    expect(Verdict.parse(JSON.parse(readFileSync(file, 'utf8')))).toEqual(verdict);
    expect(readFileSync(console, 'utf8')).toContain('Linux version');
  });
});
