import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostExec } from '../../factory/ports/machine/exec-host';
import type { Holder } from '../../factory/ports/holder/holder';
import { hostHolders } from '../../factory/ports/holder/holder-host';
import { type Inventory, leftovers, takeInventory } from './leftovers';

const holders = hostHolders(hostExec);
let folder: string;
let dir: string;
let log: string;
let before: Inventory;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-holder-'));
  dir = join(folder, 'holder');
  log = join(folder, 'log');
  before = takeInventory([folder]);
});

afterEach(async () => {
  await (await holders.find(dir))?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const start = (net = false): Promise<Holder> => holders.start({ dir, name: 'kiln-holder-test', net });
const left = (): Promise<readonly string[]> =>
  leftovers(before, { folders: [folder], about: [folder, 'kiln-holder-test'] });
const out = async (holder: Holder, program: string, ...args: string[]): Promise<string> =>
  (await holder.run(program, args)).stdout.trim();

describe('a holder', () => {
  it('has processes, mounts and a network of its own, and a fresh /run', async () => {
    const holder = await start(true);
    expect(await out(holder, 'cat', '/proc/1/comm')).toBe('bash');
    expect((await out(holder, 'ip', '-o', 'link')).split('\n')).toHaveLength(1);
    expect(await out(holder, 'findmnt', '-no', 'FSTYPE', '/run')).toBe('tmpfs');
    await holder.run('mount', ['-t', 'tmpfs', 'kiln-holder-test', '/mnt']);
    expect(await left()).not.toContainEqual(expect.stringMatching(/^mount/));
    await holder.stop();
    expect(await left()).toEqual([]);
  });

  it('keeps processes by name across callers, and ends them', async () => {
    const holder = await start();
    await holder.spawn('sleeper', 'sleep', ['1000'], { log });
    const again = await holders.find(dir);
    expect(await again?.alive('sleeper')).toBe(await holder.alive('sleeper'));
    await expect(holder.spawn('sleeper', 'sleep', ['1'], { log })).rejects.toThrow('already runs');
    await again?.kill('sleeper');
    expect(await holder.alive('sleeper')).toBeUndefined();
    expect(await holder.labels()).toEqual(['sleeper']);
  });

  it('lets nothing of the caller in but what it is told', async () => {
    process.env['AWS_PROFILE'] = 'somebody';
    try {
      const holder = await start();
      expect(await out(holder, 'env')).not.toContain('AWS_PROFILE');
      await holder.spawn('env', 'env', [], { log, env: { TOLD: 'yes' } });
      await expect.poll(() => holder.alive('env')).toBeUndefined();
      const said = await out(holder, 'cat', log);
      expect(said).toContain('TOLD=yes');
      expect(said).not.toContain('AWS_PROFILE');
    } finally {
      delete process.env['AWS_PROFILE'];
    }
  });

  it('keeps secrets in memory only', async () => {
    const holder = await start();
    await holder.write('/run/secrets/one', 'hush');
    expect(await holder.read('/run/secrets/one')).toBe('hush');
    expect(await out(holder, 'stat', '-c', '%a', '/run/secrets/one', '/run/secrets')).toBe('600\n700');
    expect(existsSync('/run/secrets/one')).toBe(false);
  });

  it('passes on the exit code of a program on the own terminal', async () => {
    const holder = await start();
    expect(await holder.attach(['bash', '-c', 'exit 7'])).toBe(7);
    expect(await holder.attach(['bash', '-c', 'kill -TERM $$'])).toBe(143);
  });

  it('is one a folder', async () => {
    await start();
    await expect(start()).rejects.toThrow('already runs');
    expect(await holders.clear(dir)).toBe(false);
  });

  it('is made once when two start it at the same time', async () => {
    const both = await Promise.allSettled([start(), start()]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it.each(['the first process inside', 'unshare outside'])(
    'leaves nothing when %s is killed',
    async (which) => {
      const holder = await start(true);
      await holder.spawn('sleeper', 'sleep', ['1000'], { log });
      await holder.run('mount', ['-t', 'tmpfs', 'kiln-holder-test', '/mnt']);
      const parent = (await hostExec.run('ps', ['-o', 'ppid=', '-p', String(holder.pid)])).stdout;
      process.kill(which === 'unshare outside' ? Number(parent) : holder.pid, 'SIGKILL');
      await expect.poll(() => holders.find(dir), { timeout: 10_000 }).toBeUndefined();
      expect(await holders.clear(dir)).toBe(true);
      rmSync(log);
      expect(await left()).toEqual([]);
    },
  );

  it('can be started again where a killed one was', async () => {
    process.kill((await start()).pid, 'SIGKILL');
    await expect.poll(() => holders.find(dir), { timeout: 10_000 }).toBeUndefined();
    const holder = await start();
    expect(await holder.labels()).toEqual([]);
  });

  it('that lives in a PID namespace out of sight is reported, not killed', async () => {
    const holder = await start();
    const script = `
      const { hostHolders } = require(process.argv[1]);
      const { hostExec } = require(process.argv[2]);
      hostHolders(hostExec).find(process.argv[3]).then(console.log, (error) => console.log(error.code));
    `;
    const built = join(__dirname, '../../dist/factory/ports');
    await hostExec.run(join(__dirname, '../../bin/kiln'), ['--version']); // compiles
    const { stdout } = await hostExec.run('unshare', [
      ...['--pid', '--fork', '--mount', '--mount-proc', 'node', '-e', script],
      ...[join(built, 'holder/holder-host.js'), join(built, 'machine/exec-host.js'), dir],
    ]);
    expect(stdout.trim()).toBe('holder-elsewhere');
    expect(await out(holder, 'echo', 'alive')).toBe('alive');
  });
});
