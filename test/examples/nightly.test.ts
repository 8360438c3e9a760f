import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { NightlySpec } from '../../factory/contracts/nightly';
import { projectOf } from '../factory/spec/support';

const HOME = resolve(__dirname, '../..');
const EXAMPLE = join(HOME, 'examples', 'nightly');
const KILN = join(HOME, 'bin', 'kiln');
const read = (name: string): string => readFileSync(join(EXAMPLE, name), 'utf8');
const onPath = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));

beforeAll(() => {
  // Compiles what is older than its source.
  spawnSync(KILN, ['--version'], { stdio: 'ignore' });
});

/** Words after `kiln` of every call in a text. */
const calls = (text: string): readonly (readonly string[])[] =>
  [...text.matchAll(/(?:^|[\s=/])kiln ([a-z][^\n|&;>"']*)/gm)].map(([, words = '']) =>
    words.trim().split(/\s+/),
  );

/** Whether the real command knows a call's subcommand and options. */
function expectKnown(words: readonly string[]): void {
  const [command = '', ...rest] = words;
  const help = spawnSync(KILN, [command, '--help'], { encoding: 'utf8' });
  expect(help.status, `kiln ${command}: ${help.stderr}`).toBe(0);
  expect(help.stdout).toContain(`kiln ${command}`);
  for (const option of rest.filter((word) => word.startsWith('--'))) expect(help.stdout).toContain(option);
}

describe("the example's units", () => {
  it.skipIf(!onPath('systemd-analyze'))(
    'are taken by systemd, with the paths of a machine (needs systemd)',
    () => {
      const { root } = projectOf();
      const service = read('kiln-nightly.service')
        .replaceAll('/srv/kiln', HOME)
        .replaceAll('/srv/spark-node', root);
      writeFileSync(join(root, 'kiln-nightly.service'), service);
      cpSync(join(EXAMPLE, 'kiln-nightly.timer'), join(root, 'kiln-nightly.timer'));
      const { status, stderr } = spawnSync(
        'systemd-analyze',
        ['verify', '--man=no', ...['service', 'timer'].map((kind) => join(root, `kiln-nightly.${kind}`))],
        { encoding: 'utf8' },
      );
      expect(status, stderr).toBe(0);
      // What it does not know it only warns of.
      expect(stderr.split('\n').filter((line) => line.includes('kiln-nightly'))).toEqual([]);
      const calendar = /^OnCalendar=(.*)$/m.exec(read('kiln-nightly.timer'))?.[1] ?? '';
      execFileSync('systemd-analyze', ['calendar', calendar], { stdio: 'ignore' });
    },
  );

  it('start a command that there is', () => {
    const start = /^ExecStart=(.*)$/m.exec(read('kiln-nightly.service'))?.[1] ?? '';
    expect(calls(start)).toEqual([['nightly', '--apply']]);
    for (const words of calls(start)) expectKnown(words);
  });
});

const Workflow = z.object({
  on: z.object({ schedule: z.array(z.object({ cron: z.string() })) }),
  // Then a runner starts bash with pipefail.
  defaults: z.object({ run: z.object({ shell: z.literal('bash') }) }),
  concurrency: z.object({ 'cancel-in-progress': z.literal(false) }),
  jobs: z.record(
    z.string(),
    z.object({
      'runs-on': z.unknown(),
      steps: z.array(
        z.object({ name: z.string().optional(), uses: z.string().optional(), run: z.string().optional() }),
      ),
    }),
  ),
});

describe("the example's workflow", () => {
  const workflow = Workflow.parse(parse(read('workflow.yml')));
  const steps = Object.values(workflow.jobs).flatMap(({ steps: all }) => all);
  const scripts = new Map(
    steps.flatMap(({ name, run }) => (run === undefined ? [] : [[name ?? '', run] as const])),
  );

  /** A checkout with a kiln of its own, whose sudo is nobody's. */
  function checkout(): {
    readonly root: string;
    readonly script: (name: string) => ReturnType<typeof spawnSync>;
  } {
    const { root } = projectOf();
    mkdirSync(join(root, 'bin'));
    symlinkSync(KILN, join(root, 'bin', 'kiln'));
    mkdirSync(join(root, 'programs'));
    writeFileSync(join(root, 'programs', 'sudo'), '#!/bin/sh\n[ "$1" != -E ] || shift\nexec "$@"\n', {
      mode: 0o755,
    });
    execFileSync('git', ['init', '-q', '-b', 'main', root]);
    const env = { ...process.env, PATH: `${join(root, 'programs')}${delimiter}${process.env['PATH'] ?? ''}` };
    // As a runner starts them.
    const script = (name: string) =>
      spawnSync(
        'bash',
        ['--noprofile', '--norc', '-e', '-o', 'pipefail', '-c', scripts.get(name) ?? 'false'],
        {
          cwd: root,
          env,
          encoding: 'utf8',
        },
      );
    return { root, script };
  }

  it('has scripts that bash and shellcheck take', () => {
    expect(scripts.size).toBeGreaterThan(3);
    for (const [name, script] of scripts) {
      const { status, stdout } = spawnSync('shellcheck', ['--shell=bash', '-'], {
        input: script,
        encoding: 'utf8',
      });
      expect(status, `${name}: ${stdout}`).toBe(0);
    }
  });

  it('calls commands and options that there are', () => {
    const found = [...scripts.values()].flatMap(calls);
    expect(found.map(([command]) => command)).toEqual(['nightly', 'history']);
    for (const words of found) expectKnown(words);
    for (const [program] of [...scripts.values()].join('\n').matchAll(/(?<=\s|^)tools\/\w+/g))
      expect(existsSync(join(HOME, program))).toBe(true);
  });

  it('proposes on the branch that its factory.yaml names', () => {
    const comment = /# +nightly:\n# +branch: (\S+)/.exec(read('workflow.yml'));
    const { branch } = NightlySpec.parse({ branch: comment?.[1] });
    expect(scripts.get('Propose the lock')).toContain(`git push --force origin ${branch ?? ''}`);
  });

  it('ends with what the night ends with, and keeps its answer', () => {
    const { root, script } = checkout();
    // No registry was made: the night says so before it begins.
    const { status, stderr } = script('Night');
    expect(status, String(stderr)).toBe(2);
    expect(JSON.parse(readFileSync(join(root, 'night.json'), 'utf8'))).toMatchObject({
      error: { code: 'no-registry' },
    });
    execFileSync(KILN, ['registry', 'init'], { cwd: root, stdio: 'ignore' });
    mkdirSync(join(root, '.kiln', 'nightly'), { recursive: true });
    writeFileSync(join(root, '.kiln', 'nightly', 'report.html'), 'page');
    expect(script('What it came to')).toMatchObject({ status: 0 });
    expect(readFileSync(join(root, 'report.html'), 'utf8')).toBe('page');
  });

  it('pushes the branch that a night left, and nothing where it left none', () => {
    const { root, script } = checkout();
    const git = (...args: string[]): string =>
      execFileSync('git', ['-C', root, '-c', 'user.name=x', '-c', 'user.email=x@y', ...args], {
        encoding: 'utf8',
      }).trim();
    execFileSync('git', ['init', '-q', '--bare', join(root, 'origin.git')]);
    git('remote', 'add', 'origin', join(root, 'origin.git'));
    git('commit', '-q', '--allow-empty', '-m', 'first');
    expect(script('Propose the lock')).toMatchObject({ status: 0 });
    expect(git('ls-remote', 'origin')).toBe('');
    git('branch', 'nightly/lock');
    expect(script('Propose the lock')).toMatchObject({ status: 0 });
    expect(git('ls-remote', 'origin', 'nightly/lock')).toContain(git('rev-parse', 'HEAD'));
    expect(script("What root wrote of git's is the runner's again")).toMatchObject({ status: 0 });
  });
});
