import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostExec } from '../../factory/ports/machine/exec-host';
import type { Sandbox } from '../../factory/ports/sandbox/sandbox';
import { hostSandboxes } from '../../factory/ports/sandbox/sandbox-host';
import { type Inventory, leftovers, takeInventory } from './leftovers';

const sandboxes = hostSandboxes(hostExec);
let folder: string;
let dir: string;
let log: string;
let before: Inventory;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-sandbox-'));
  dir = join(folder, 'sandbox');
  log = join(folder, 'log');
  before = takeInventory([folder]);
});

afterEach(async () => {
  await (await sandboxes.find(dir))?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const start = (net = false): Promise<Sandbox> => sandboxes.start({ dir, name: 'kiln-sandbox-test', net });
const left = (): Promise<readonly string[]> =>
  leftovers(before, { folders: [folder], about: [folder, 'kiln-sandbox-test'] });
const out = async (sandbox: Sandbox, program: string, ...args: string[]): Promise<string> =>
  (await sandbox.run(program, args)).stdout.trim();

describe('a sandbox', () => {
  it('has processes, mounts and a network of its own, and a fresh /run', async () => {
    const sandbox = await start(true);
    expect(await out(sandbox, 'cat', '/proc/1/comm')).toBe('bash');
    expect((await out(sandbox, 'ip', '-o', 'link')).split('\n')).toHaveLength(1);
    expect(await out(sandbox, 'findmnt', '-no', 'FSTYPE', '/run')).toBe('tmpfs');
    await sandbox.run('mount', ['-t', 'tmpfs', 'kiln-sandbox-test', '/mnt']);
    expect(await left()).not.toContainEqual(expect.stringMatching(/^mount/));
    await sandbox.stop();
    expect(await left()).toEqual([]);
  });

  it('keeps processes by name across callers, and ends them', async () => {
    const sandbox = await start();
    await sandbox.spawn('sleeper', 'sleep', ['1000'], { log });
    const again = await sandboxes.find(dir);
    expect(await again?.alive('sleeper')).toBe(await sandbox.alive('sleeper'));
    await expect(sandbox.spawn('sleeper', 'sleep', ['1'], { log })).rejects.toThrow('already runs');
    await again?.kill('sleeper');
    expect(await sandbox.alive('sleeper')).toBeUndefined();
    expect(await sandbox.labels()).toEqual(['sleeper']);
  });

  it('lets nothing of the caller in but what it is told', async () => {
    process.env['AWS_PROFILE'] = 'somebody';
    try {
      const sandbox = await start();
      expect(await out(sandbox, 'env')).not.toContain('AWS_PROFILE');
      await sandbox.spawn('env', 'env', [], { log, env: { TOLD: 'yes' } });
      await expect.poll(() => sandbox.alive('env')).toBeUndefined();
      const said = await out(sandbox, 'cat', log);
      expect(said).toContain('TOLD=yes');
      expect(said).not.toContain('AWS_PROFILE');
    } finally {
      delete process.env['AWS_PROFILE'];
    }
  });

  it('keeps secrets in memory only', async () => {
    const sandbox = await start();
    await sandbox.write('/run/secrets/one', 'hush');
    expect(await sandbox.read('/run/secrets/one')).toBe('hush');
    expect(await out(sandbox, 'stat', '-c', '%a', '/run/secrets/one', '/run/secrets')).toBe('600\n700');
    expect(existsSync('/run/secrets/one')).toBe(false);
  });

  it('passes on the exit code of a program on the own terminal', async () => {
    const sandbox = await start();
    expect(await sandbox.attach(['bash', '-c', 'exit 7'])).toBe(7);
    expect(await sandbox.attach(['bash', '-c', 'kill -TERM $$'])).toBe(143);
  });

  it('is one a folder', async () => {
    await start();
    await expect(start()).rejects.toThrow('already runs');
    expect(await sandboxes.clear(dir)).toBe(false);
  });

  it('is made once when two start it at the same time', async () => {
    const both = await Promise.allSettled([start(), start()]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it.each(['the first process inside', 'unshare outside'])(
    'leaves nothing when %s is killed',
    async (which) => {
      const sandbox = await start(true);
      await sandbox.spawn('sleeper', 'sleep', ['1000'], { log });
      await sandbox.run('mount', ['-t', 'tmpfs', 'kiln-sandbox-test', '/mnt']);
      const parent = (await hostExec.run('ps', ['-o', 'ppid=', '-p', String(sandbox.pid)])).stdout;
      process.kill(which === 'unshare outside' ? Number(parent) : sandbox.pid, 'SIGKILL');
      await expect.poll(() => sandboxes.find(dir), { timeout: 10_000 }).toBeUndefined();
      expect(await sandboxes.clear(dir)).toBe(true);
      rmSync(log);
      expect(await left()).toEqual([]);
    },
  );

  it('can be started again where a killed one was', async () => {
    process.kill((await start()).pid, 'SIGKILL');
    await expect.poll(() => sandboxes.find(dir), { timeout: 10_000 }).toBeUndefined();
    const sandbox = await start();
    expect(await sandbox.labels()).toEqual([]);
  });

  it('that lives in a PID namespace out of sight is reported, not killed', async () => {
    const sandbox = await start();
    const script = `
      const { hostSandboxes } = require(process.argv[1]);
      const { hostExec } = require(process.argv[2]);
      hostSandboxes(hostExec).find(process.argv[3]).then(console.log, (error) => console.log(error.code));
    `;
    const built = join(__dirname, '../../dist/factory/ports');
    await hostExec.run(join(__dirname, '../../bin/kiln'), ['--version']); // compiles
    const { stdout } = await hostExec.run('unshare', [
      ...['--pid', '--fork', '--mount', '--mount-proc', 'node', '-e', script],
      ...[join(built, 'sandbox/sandbox-host.js'), join(built, 'machine/exec-host.js'), dir],
    ]);
    expect(stdout.trim()).toBe('sandbox-out-of-sight');
    expect(await out(sandbox, 'echo', 'alive')).toBe('alive');
  });
});
