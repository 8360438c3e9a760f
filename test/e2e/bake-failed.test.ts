import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyOf } from './copy-of';

const HOME = resolve(__dirname, '..', '..');

describe('a bake whose recipe fails', () => {
  let home: string;
  let folder: string;
  const kiln = (...words: string[]): { code: number | null; out: string; err: string } => {
    const { status, stdout, stderr } = spawnSync(join(home, 'bin/kiln'), words, {
      cwd: home,
      encoding: 'utf8',
    });
    return { code: status, out: stdout, err: stderr };
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-failed-e2e-'));
    home = copyOf(HOME, join(folder, 'kiln'));
    const recipe = join(home, 'images/layers/code/build');
    const text = readFileSync(recipe, 'utf8');
    writeFileSync(
      recipe,
      text.replace('set -euo pipefail\n', 'set -euo pipefail\necho one step; ls /no/such\n'),
    );
    expect(readFileSync(recipe, 'utf8')).not.toBe(text);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    'says which, its last lines, the commands to run again, and where the whole log is',
    { timeout: 120_000 },
    () => {
      const { code, out, err } = kiln('bake');
      expect(code).toBe(3);
      expect(out).toBe('');
      expect(err).toContain(
        "kiln: code failed: images/layers/code/build: exit code 2; its last lines:\n    one step\n    ls: cannot access '/no/such'",
      );
      expect(err).toContain(`that step alone, in ${home}: kiln layer code --lock factory.lock.json\n`);
      expect(err).toContain('run it again: kiln bake');
      const log = /the whole log: (.*)$/m.exec(err)?.[1] ?? 'none';
      expect(readFileSync(log, 'utf8')).toContain("ls: cannot access '/no/such'");
      // The command that it names fails in the same way.
      const alone = kiln('layer', 'code', '--lock', 'factory.lock.json');
      expect(alone.code).toBe(3);
      expect(alone.err).toContain(
        'kiln: images/layers/code/build: exit code 2; its last lines:\n    one step',
      );
      expect(alone.err).toContain('again by hand: kiln layer code --lock');
    },
  );

  it('says so to programs, one JSON event per line', { timeout: 120_000 }, () => {
    const { code, out, err } = kiln('bake', '--json');
    expect(code).toBe(3);
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'bake-failed' } });
    const events = err
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { event: string; step?: string; cached?: boolean });
    expect(events.filter(({ event }) => event === 'done').map(({ step, cached }) => [step, cached])).toEqual(
      ['os', 'runtime', 'spark', 'hadoop', 'conda', 'jars', 'node'].map((layer) => [layer, true]),
    );
    expect(events.at(-1)).toMatchObject({ event: 'failed', step: 'code' });
  });

  it('reads nothing of the name of a lock as a command', { timeout: 120_000 }, () => {
    const hostile = `a'$(touch intruded)\`touch intruded\`; touch intruded; "b.json`;
    copyFileSync(join(home, 'factory.lock.json'), join(home, hostile));
    const { code, err } = kiln('bake', '--lock', hostile);
    expect(code).toBe(3);
    // It came as far as the failing recipe, with the lock of that name.
    expect(err).toContain('kiln: code failed: images/layers/code/build: exit code 2');
    expect(readdirSync(home)).not.toContain('intruded');
  });
});

describe('a build backend', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-backend-e2e-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    'sees nothing of the os layer that was not compared before it ran, and can mount and leave nothing',
    { timeout: 120_000 },
    () => {
      const home = copyOf(HOME, join(folder, 'kiln'));
      const settings = join(home, 'jobs/pyproject.toml');
      const text = readFileSync(settings, 'utf8');
      writeFileSync(
        settings,
        text.replace(/^build-backend = .*$/m, 'build-backend = "seen"\nbackend-path = ["."]'),
      );
      writeFileSync(
        join(home, 'jobs/seen.py'),
        [
          'import ctypes, os, sys',
          'def build_wheel(*_):',
          '    folders = ("/boot", "/usr/lib/jvm", "/usr/lib/modules", "/usr/lib/x86_64-linux-gnu")',
          '    seen = [path for path in folders if os.path.exists(path) and os.listdir(path)]',
          '    library = ctypes.CDLL(None)',
          '    calls = {',
          '        "mount": lambda: library.mount(b"/tmp", b"/tmp", None, 4096, None),',
          '        "umount": lambda: library.umount2(b"/proc", 2),',
          '        "unshare": lambda: library.unshare(0x20000),',
          '        "user namespace": lambda: library.unshare(0x10000000),',
          '        "chroot": lambda: library.chroot(b"/tmp"),',
          '        "trace": lambda: library.ptrace(0, 0, 0, 0),',
          '        "key": lambda: library.syscall(250, 0, -3, 1),',
          '    }',
          '    done = [name for name, call in calls.items() if call() >= 0]',
          '    sys.exit(f"seen: {seen}, done: {done}")',
        ].join('\n'),
      );
      const { status, stderr } = spawnSync(join(home, 'bin/kiln'), ['bake'], { cwd: home, encoding: 'utf8' });
      expect(status, stderr).toBe(3);
      expect(stderr).toContain("seen: ['/usr/lib/x86_64-linux-gnu'], done: []");
    },
  );
});
