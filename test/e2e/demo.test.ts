import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

const home = join(__dirname, '..', '..');
const folder = join(home, '.kiln', 'demo');

/** Variables of a caller's other work, which must not matter. */
const FOREIGN = {
  AWS_PROFILE: 'no-such-profile',
  AWS_ACCESS_KEY_ID: 'somebody-elses',
  TF_WORKSPACE: 'elsewhere',
  TF_CLI_ARGS: '-no-such-flag',
  TF_CLI_CONFIG_FILE: '/nonexistent',
  SPARK_HOME: '/nonexistent',
  HADOOP_CONF_DIR: '/nonexistent',
  PYTHONPATH: '/nonexistent',
};

const mounts = (): string => readFileSync('/proc/self/mounts', 'utf8');
const loops = (): string[] =>
  readdirSync('/sys/block').filter((name) => existsSync(join('/sys/block', name, 'loop', 'backing_file')));
const interfaces = (): string[] => readdirSync('/sys/class/net');

/** Pids whose command line names something of this checkout's state or a Spark of an image. */
const running = (): string[] =>
  readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && pid !== String(process.pid))
    .filter((pid) => {
      try {
        const words = readFileSync(join('/proc', pid, 'cmdline'), 'utf8');
        return words.includes(join(home, '.kiln')) || words.includes('/opt/spark');
      } catch {
        return false;
      }
    });

describe('make demo, from another folder and with a foreign environment', () => {
  let run: ReturnType<typeof spawnSync> & { stdout: string; stderr: string };
  const before = { mounts: mounts(), loops: loops(), interfaces: interfaces(), running: running() };

  beforeAll(() => {
    run = spawnSync('make', ['-C', home, 'demo'], {
      cwd: '/',
      env: { ...process.env, ...FOREIGN },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 1 << 28,
    });
    // What a person would have seen, for whoever reads this test's output.
    process.stdout.write(run.stdout);
    process.stderr.write(run.stderr);
  });

  test('walks all eight steps', () => {
    expect(run.status).toBe(0);
    expect(run.stdout).toContain('All 8 steps done in');
  });

  test('reports what 336,776 flights came to, proved without Spark', () => {
    expect(run.stdout).toContain('336,776');
    expect(run.stdout).toMatch(/\d+ checks hold/);
    expect(run.stdout).toMatch(/JetBlue Airways/);
  });

  test('the image is verified, and production names it', () => {
    const digest = /^image +(sha256:[0-9a-f]{64})$/m.exec(run.stdout)?.[1];
    const project = existsSync(join(folder, 'project')) ? join(folder, 'project') : home;
    const history = spawnSync(join(home, 'bin/kiln'), ['history', 'production', '--json'], {
      cwd: project,
      encoding: 'utf8',
    });
    expect(history.status).toBe(0);
    expect(history.stdout).toContain(digest);
  });

  test('the job wrote through the magic committer', () => {
    const success = z
      .object({ committer: z.string() })
      .parse(JSON.parse(readFileSync(join(folder, 'output', 'flights', '_SUCCESS'), 'utf8')));
    expect(success.committer).toBe('magic');
  });

  test('leaves no process, mount, loop device, interface, store or temporary file', () => {
    expect({ mounts: mounts(), loops: loops(), interfaces: interfaces(), running: running() }).toEqual(
      before,
    );
    expect(existsSync(join(home, '.kiln', 'store'))).toBe(false);
    expect(existsSync('/run/kiln/clusters/local')).toBe(false);
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  });

  test('Terraform holds nothing any more', () => {
    const state = join(home, 'terraform.local.tfstate');
    const { resources } = z
      .object({ resources: z.array(z.unknown()) })
      .parse(JSON.parse(readFileSync(state, 'utf8')));
    expect(resources).toEqual([]);
  });
});
