import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whole } from './bakery';
import { bakedImage } from './image';
import { type Inventory, leftovers, takeInventory } from './leftovers';
import { SideProject, well } from './side-project';

/* One real night: registries as they are, a bake, a boot, a second bake; killed in the middle, then gone on with. */
const MAIN = resolve(__dirname, '../../dist/factory/cli/main.js');
const image = bakedImage();
const skip = !whole ? 'make test-all' : typeof image === 'string' ? image : undefined;

interface Entry {
  readonly event: string;
  readonly step?: string;
}

describe.skipIf(skip !== undefined)(`kiln nightly${skip === undefined ? '' : ` (${skip})`}`, () => {
  let project: SideProject;
  let before: Inventory;
  const nightly = (...words: readonly string[]) =>
    JSON.parse(well(project.kiln('nightly', ...words, '--json'))) as Record<string, unknown>;
  const runs = (): string => project.file('.kiln/nightly/runs');
  const journal = (run: string): readonly Entry[] =>
    readFileSync(join(runs(), run, 'journal.jsonl'), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Entry);

  beforeAll(() => {
    before = takeInventory();
    project = new SideProject('nightly-test', ['environment.yml', 'factory.lock.json', 'jobs']);
    const gates = '    gates:\n      - kind: verified\n      - kind: reproduced\n';
    project.setChannels(`  candidate:\n${gates}  staging:\n${gates}nightly:\n  promote: [staging]\n`);
    well(project.kiln('registry', 'init'));
  });
  afterAll(async () => {
    project.remove();
    const left = await leftovers(before, { about: [project.folder], within: 10 });
    expect(left.filter((line) => !line.startsWith('temporary'))).toEqual([]);
  });

  it('killed while it boots what it baked leaves no machine, and the next one does not bake again', async () => {
    const first: ChildProcess = spawn(process.execPath, [MAIN, 'nightly', '--apply'], {
      cwd: project.folder,
      env: project.environment(),
      stdio: 'ignore',
    });
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
    expect(await leftovers(before, { about: [project.folder], within: 10 })).toEqual(
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
