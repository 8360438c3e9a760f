import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sweepWork, withWorkFolder, WORKS_FOR } from '../../../factory/files/work-folder';
import { hasEnded, ownProcess, type ProcessId } from '../../../factory/processes/process-id';

const removed: string[] = [];
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  const rmSync: typeof fs.rmSync = (path, options) => {
    removed.push(String(path));
    real.rmSync(path, options);
  };
  return { ...real, rmSync };
});

let place: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  place = fs.mkdtempSync(join(tmpdir(), 'kiln-work-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  fs.rmSync(place, { recursive: true, force: true });
});

/** A process that was: its number may be another's by now, not with its start. */
const ended = (): ProcessId => ({ ...ownProcess(), pid: spawnSync('true').pid, started: '1' });

/** A work folder with something in it, as a process leaves it that was killed. */
function left(name: string, owner: ProcessId | undefined): string {
  const folder = join(place, 'work', name);
  fs.mkdirSync(join(folder, 'out/opt'), { recursive: true });
  fs.writeFileSync(join(folder, 'out/opt/file'), 'half');
  if (owner !== undefined) fs.writeFileSync(join(folder, 'lock'), JSON.stringify(owner));
  return folder;
}

/** A process that holds the folder's lock until it ends, after so many seconds. */
async function hold(folder: string, seconds: number): Promise<void> {
  const child = spawn(
    'flock',
    [join(folder, 'lock'), 'sh', '-c', `echo held; exec sleep ${String(seconds)}`],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  children.push(child);
  await once(child.stdout, 'data');
}

const there = (): string[] => fs.readdirSync(join(place, 'work')).sort();

describe('what killed processes left in a work folder', () => {
  it('goes when nobody holds its lock', async () => {
    left('code-1', ended());
    await sweepWork(place);
    expect(there()).toEqual([]);
  });

  it('goes when what a killed process had started still holds the lock and is about to end', async () => {
    const folder = left('code-1', ended());
    await hold(folder, 1);
    await sweepWork(place);
    expect(there()).toEqual([]);
  });

  it('stays for the next time when that does not end within the patience', async () => {
    const folder = left('code-1', ended());
    await hold(folder, 600);
    await sweepWork(place, 200);
    expect(there()).toEqual(['code-1']);
  });

  it('goes when the process was killed while it made the folder or removed it, before or after its lock', async () => {
    left('code-1', undefined);
    fs.mkdirSync(join(place, 'work', 'code-2'));
    await sweepWork(place);
    expect(there()).toEqual([]);
  });

  it.each<[string, () => ProcessId]>([
    ['a living process', ownProcess],
    ['a process of another pid namespace', () => ({ ...ended(), namespace: 'pid:[1]' })],
  ])('is not what %s works in: that stays, and is not waited for', async (_, owner) => {
    const folder = left('code-1', owner());
    await hold(folder, 600);
    // Longer than a test may take.
    await sweepWork(place, 3_600_000);
    expect(there()).toEqual(['code-1']);
  });

  it('goes when a new folder is made beside it', async () => {
    left('code-1', ended());
    expect(await withWorkFolder(place, 'disk', () => Promise.resolve(there()))).toEqual([
      expect.stringMatching(/^disk-/),
    ]);
    expect(there()).toEqual([]);
  });
});

describe('a work folder', () => {
  it('names in its lock the process that is worked for, this one or the one that started it', async () => {
    const owner = (): Promise<unknown> =>
      withWorkFolder(place, 'disk', (folder) =>
        Promise.resolve(JSON.parse(fs.readFileSync(join(folder, 'lock'), 'utf8'))),
      );
    expect(await owner()).toEqual(ownProcess());
    vi.stubEnv(WORKS_FOR, JSON.stringify({ ...ownProcess(), pid: 1 }));
    expect(await owner()).toMatchObject({ pid: 1 });
    vi.unstubAllEnvs();
  });

  it('loses its lock last: killed at any moment of its removal, it is known for what it is', async () => {
    const folder = await withWorkFolder(place, 'code', (made) => {
      for (const name of ['in', 'out', 'tmp', 'zzz']) fs.mkdirSync(join(made, name));
      removed.length = 0;
      return Promise.resolve(made);
    });
    expect(removed).toEqual([...['in', 'out', 'tmp', 'zzz'].map((name) => join(folder, name)), folder]);
  });
});

describe('a process', () => {
  it('has ended when its number is nobody’s or another’s', () => {
    expect(hasEnded(ownProcess())).toBe(false);
    expect(hasEnded({ ...ownProcess(), started: '1' })).toBe(true);
    expect(hasEnded(ended())).toBe(true);
  });

  it('has ended when it was killed and nobody has asked how', async () => {
    // Its parent, which sleeps, does not wait for it.
    const parent = spawn('sh', ['-c', 'sleep 600 & echo $!; exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(parent);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const started = (): string =>
      fs
        .readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ')[19] ?? '';
    const id = { ...ownProcess(), pid, started: started() };
    expect(hasEnded(id)).toBe(false);
    process.kill(pid, 'SIGKILL');
    expect(hasEnded(id)).toBe(true);
  });
});

it('is made by many at once while others end and remove theirs', async () => {
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      for (let round = 0; round < 12; round += 1)
        await withWorkFolder(place, 'many', (folder) => {
          fs.writeFileSync(join(folder, 'file'), '');
          return Promise.resolve();
        });
    }),
  );
  expect(fs.readdirSync(join(place, 'work'))).toEqual([]);
});
