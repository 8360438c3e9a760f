import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFiles, machineFiles } from '../../../factory/machines/qemu/disks';
import { qemuDriver, tapName } from '../../../factory/machines/qemu/driver';
import { FakeSandboxes } from '../../../factory/ports/sandbox/sandbox-fake';

describe('a QEMU machine of a cluster', () => {
  const driver = qemuDriver(async () => Promise.resolve('tcg'));
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-qemu-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('has files of its own: variables, seed, blank disks', () => {
    const files = machineFiles('/m', 2);
    expect(
      makeFiles({ files, variables: '/fw/vars.fd', seedFiles: ['/s/user-data'], scratchMiB: 64 }),
    ).toEqual([
      ['cp', '--no-preserve=mode', '/fw/vars.fd', '/m/uefi-variables.fd'],
      ['mkfs.vfat', '-n', 'CIDATA', '-C', '/m/seed.img', '2048'],
      ['mcopy', '-i', '/m/seed.img', '/s/user-data', '::'],
      ['truncate', '-s', '64M', '/m/scratch-0.raw'],
      ['truncate', '-s', '64M', '/m/scratch-1.raw'],
    ]);
  });

  it('says what came last over its status port, and nothing before', async () => {
    const sandbox = await new FakeSandboxes().start({
      dir: join(folder, 'sandbox'),
      name: 'trial',
      net: true,
    });
    const machine = { name: 'trial-workers-1', folder };
    expect(await driver.status(machine, sandbox)).toBeUndefined();
    const status = { version: 1, cluster: 'trial', role: 'worker', phase: 'validated' };
    const rest = { image: null, scratch: null, fault: null, timings: {} };
    writeFileSync(
      join(folder, 'status.jsonl'),
      `${JSON.stringify({ ...status, ...rest })}\n${JSON.stringify({ ...status, ...rest, phase: 'ready' })}\n{"cut`,
    );
    expect(await driver.status(machine, sandbox)).toMatchObject({ phase: 'ready', role: 'worker' });
  });

  it('takes its tap away when it is stopped, and stopping twice is no error', async () => {
    const runs: (readonly string[])[] = [];
    const sandboxes = new FakeSandboxes((program, args) => {
      runs.push([program, ...args]);
      return {};
    });
    const sandbox = await sandboxes.start({ dir: join(folder, 'sandbox'), name: 'trial', net: true });
    await driver.stop('trial-workers-1', sandbox);
    await driver.stop('trial-workers-1', sandbox);
    const removal = ['ip', 'link', 'delete', tapName('trial-workers-1')];
    expect(runs).toEqual([removal, removal]);
  });
});
