import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { KilnError } from '../../errors';
import type { Exec } from '../../ports/machine/exec';
import type { Accelerator } from './command-line';
import { findFirmware, type Firmware } from './firmware';

const Probe = z.strictObject({
  /** /proc/sys/kernel/random/boot_id: the answer holds until this machine starts anew. */
  boot: z.string(),
  accelerator: z.enum(['kvm', 'tcg']),
  reason: z.string(),
});

export interface Acceleration {
  readonly accelerator: Accelerator;
  /** Why, for people. */
  readonly reason: string;
}

/** With KVM the firmware is through in 6 s, five of them its own count-down. */
const DEADLINE = 30_000;

/**
 * Arguments that boot nothing but the UEFI firmware, in 64-bit mode with two processors, from a floppy
 * whose startup script switches the machine off: the least that shows KVM to run a guest. It is the
 * same machine and processor as `qemuArguments` gives, because some models start and others do not.
 */
export function probeArguments(firmware: Firmware, floppy: string): readonly string[] {
  return [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-vga', 'none'],
    ...['-machine', 'q35,smm=off', '-accel', 'kvm', '-cpu', 'host', '-smp', '2', '-m', '256M'],
    ...['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${firmware.code}`],
    ...['-drive', `if=pflash,unit=1,format=raw,snapshot=on,file=${firmware.variables}`],
    ...['-drive', `if=none,id=floppy,format=raw,readonly=on,file=${floppy.replaceAll(',', ',,')}`],
    ...['-device', 'virtio-blk-pci,drive=floppy,bootindex=0', '-nic', 'none'],
  ];
}

async function bootFirmware(exec: Exec): Promise<Acceleration> {
  const firmware = findFirmware();
  const folder = await mkdtemp(join(tmpdir(), 'kiln-kvm-'));
  const floppy = join(folder, 'floppy');
  const script = join(folder, 'startup.nsh');
  try {
    await writeFile(script, 'reset -s\r\n');
    await exec.run('/sbin/mkfs.vfat', ['-C', floppy, '1440']);
    await exec.run('mcopy', ['-i', floppy, script, '::startup.nsh']);
    // --pdeathsig: it ends with this command, whichever way that ends.
    await exec.run(
      'setpriv',
      ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...probeArguments(firmware, floppy)],
      { timeout: DEADLINE },
    );
    return { accelerator: 'kvm', reason: 'KVM booted a probe' };
  } catch (error) {
    if (error instanceof KilnError && error.code === 'missing-tool') throw error;
    const said = error instanceof Error ? error.message.split('\n') : [String(error)];
    return {
      accelerator: 'tcg',
      reason: `/dev/kvm is there, but a probe did not boot with it (${said.at(-1) ?? ''})`,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Whether KVM truly works, found out by booting; asked once in the life of this machine's kernel.
 * @param cache folder for the answer.
 * @throws KilnError `missing-tool`.
 */
export async function probeAcceleration(exec: Exec, cache: string): Promise<Acceleration> {
  if (!existsSync('/dev/kvm')) return { accelerator: 'tcg', reason: 'this machine has no /dev/kvm' };
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const file = join(cache, 'acceleration.json');
  try {
    const known = Probe.parse(JSON.parse(await readFile(file, 'utf8')));
    if (known.boot === boot) return { accelerator: known.accelerator, reason: known.reason };
  } catch {
    // Not asked yet, or by another version: asked now.
  }
  const answer = await bootFirmware(exec);
  await mkdir(cache, { recursive: true });
  const part = `${file}.${String(process.pid)}`;
  await writeFile(part, `${JSON.stringify({ boot, ...answer }, null, 2)}\n`);
  await rename(part, file);
  return answer;
}
