import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whole } from './bakery';
import { bakedImage } from './image';
import { type Inventory, leftovers, takeInventory } from './leftovers';

/* One real night: registries as they are, a bake, a boot, a second bake; killed in the middle, then gone on with. */
const HOME = resolve(__dirname, '../..');
const STATE = join(HOME, '.kiln');
const image = bakedImage();
const skip = !whole ? 'needs KILN_TEST_ALL=1' : typeof image === 'string' ? image : undefined;

interface Entry {
  readonly event: string;
  readonly step?: string;
}

describe.skipIf(skip !== undefined)(`kiln nightly${skip === undefined ? '' : ` (${skip})`}`, () => {
  let project: string;
  let before: Inventory;
  const env = (): NodeJS.ProcessEnv => ({ ...process.env, KILN_PROJECT: project });
  const nightly = (...words: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(join(HOME, 'bin/kiln'), ['nightly', ...words, '--json'], {
      cwd: project,
      env: env(),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    expect(status, stderr).toBe(0);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const runs = (): string => join(project, '.kiln/nightly/runs');
  const journal = (run: string): readonly Entry[] =>
    readFileSync(join(runs(), run, 'journal.jsonl'), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Entry);

  beforeAll(() => {
    before = takeInventory();
    mkdirSync(STATE, { recursive: true });
    project = mkdtempSync(join(STATE, 'nightly-test-'));
    for (const file of ['environment.yml', 'factory.yaml', 'factory.lock.json', 'jobs'])
      cpSync(join(HOME, file), join(project, file), { recursive: true });
    const spec = readFileSync(join(project, 'factory.yaml'), 'utf8').replace(/\nchannels:\n[^]*$/, '\n');
    const gates = '    gates:\n      - kind: verified\n      - kind: reproduced\n';
    writeFileSync(
      join(project, 'factory.yaml'),
      `${spec}channels:\n  candidate:\n${gates}  staging:\n${gates}nightly:\n  promote: [staging]\n`,
    );
    mkdirSync(join(project, '.kiln'));
    symlinkSync(join(STATE, 'channel'), join(project, '.kiln/channel'));
    spawnSync(join(HOME, 'bin/kiln'), ['registry', 'init'], { cwd: project, env: env() });
  });
  afterAll(async () => {
    rmSync(project, { recursive: true, force: true });
    const left = await leftovers(before, { about: [project], within: 10 });
    expect(left.filter((line) => !line.startsWith('temporary'))).toEqual([]);
  });

  it('killed while it boots what it baked leaves no machine, and the next one does not bake again', async () => {
    const first: ChildProcess = spawn(
      process.execPath,
      [join(HOME, 'dist/factory/cli/main.js'), 'nightly', '--apply'],
      {
        cwd: project,
        env: env(),
        stdio: 'ignore',
      },
    );
    const ended = new Promise<void>((done) =>
      first.once('exit', () => {
        done();
      }),
    );
    const boots = (): boolean => {
      try {
        return journal(readdirSync(runs())[0] ?? '').some(
          ({ event, step }) => event === 'started' && step === 'verify',
        );
      } catch {
        return false;
      }
    };
    while (!boots() && first.exitCode === null) await sleep(500);
    await sleep(5000);
    first.kill('SIGKILL');
    await ended;
    expect(await leftovers(before, { about: [project], within: 10 })).toEqual(
      expect.not.arrayContaining([expect.stringMatching(/^(process|namespace)/)]),
    );

    const end = nightly('--apply');
    expect(end).toMatchObject({ result: 'registered', resumed: true, refused: null });
    expect(end['moves']).toMatchObject([
      { channel: 'candidate', taken: true },
      { channel: 'staging', taken: true },
    ]);
    const [run = ''] = readdirSync(runs());
    expect(journal(run).filter(({ event, step }) => event === 'started' && step === 'bake')).toHaveLength(1);
    expect(readFileSync(join(runs(), run, 'report.html'), 'utf8')).toContain(String(end['image']));
  });

  it('after which nothing is new ends without a bake', () => {
    expect(nightly('--apply')).toMatchObject({ result: 'unchanged', resumed: false });
    expect(nightly()).toMatchObject({ applied: false, plan: { unchanged: true } });
  });
});
