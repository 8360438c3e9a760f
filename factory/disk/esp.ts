import { mkdirSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MIB, wholeMiB } from './layout';
import type { DiskTools } from './tools-tree';

/** FAT32 has no fewer clusters than this many MiB hold. */
const SMALLEST = 64 * MIB;

export interface EspContent {
  /** Folder with `vmlinuz` and `initrd`. */
  readonly boot: string;
  readonly image: string;
  /** Partition UUIDs. */
  readonly root: string;
  readonly state: string;
  /** Seconds: date of every file. */
  readonly epoch: number;
}

/**
 * The last console= is /dev/console: the serial line, where clouds and emulators record what a machine says.
 * gpt_auto is off: what is mounted is said here, not guessed from the disk.
 */
export function commandLine(root: string, state: string): string {
  return [
    `root=PARTUUID=${root}`,
    'rootfstype=erofs',
    'ro',
    `kiln.state=PARTUUID=${state}`,
    'systemd.gpt_auto=no',
    // Emulated machines on busy hosts take minutes to see their devices; the default is 90 seconds.
    'systemd.default_device_timeout_sec=300',
    // Debian's list without bpf: systemd then loads no restrict-fs program, which nothing here uses and whose
    // check by the kernel took 60 of 200 seconds of an emulated boot.
    'lsm=landlock,lockdown,yama,integrity,apparmor',
    'systemd.show_status=1',
    'console=tty0',
    'console=ttyS0,115200',
  ].join(' ');
}

export function bootEntry(content: Pick<EspContent, 'image' | 'root' | 'state'>): string {
  return [
    `title ${content.image}`,
    'linux /vmlinuz',
    'initrd /initrd',
    `options ${commandLine(content.root, content.state)}`,
    '',
  ].join('\n');
}

/** Writes the EFI system partition: systemd-boot at the removable-media path, one entry, kernel and initrd. */
export async function writeEsp(
  tools: DiskTools,
  work: string,
  out: string,
  volumeId: string,
  content: EspContent,
): Promise<void> {
  const text = (path: string, value: string): string => {
    const file = join(work, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, value);
    return file;
  };
  const files: readonly (readonly [string, string])[] = [
    [tools.path('usr/lib/systemd/boot/efi/systemd-bootx64.efi'), '::EFI/BOOT/BOOTX64.EFI'],
    [text('loader.conf', 'timeout 0\neditor no\n'), '::loader/loader.conf'],
    [text('node.conf', bootEntry(content)), '::loader/entries/node.conf'],
    [join(content.boot, 'vmlinuz'), '::vmlinuz'],
    [join(content.boot, 'initrd'), '::initrd'],
  ];
  const used = files.reduce((sum, [file]) => sum + statSync(file).size, 0);
  // An eighth for the file system's own tables and rounding.
  const size = Math.max(SMALLEST, wholeMiB(used * 1.125));
  writeFileSync(out, '');
  truncateSync(out, size);
  await tools.run('mkfs.vfat', ['--invariant', '-F', '32', '-s', '1', '-i', volumeId, '-n', 'KILN-ESP', out]);
  await tools.run('mmd', ['-i', out, '::EFI', '::EFI/BOOT', '::loader', '::loader/entries']);
  for (const [file, target] of files) {
    if (!file.startsWith(tools.path(''))) utimesSync(file, content.epoch, content.epoch);
    await tools.run('mcopy', ['-m', '-i', out, file, target]);
  }
}
