import { copyFileSync, mkdirSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MIB } from './layout';
import type { DiskTools } from './tools-tree';

/** FAT32 has no fewer clusters than this many MiB hold. */
const SMALLEST = 64 * MIB;
/** Another kernel or initrd seldom moves what lies behind the ESP. */
const STEP = 32 * MIB;

export interface EspContent {
  /** Folder with `vmlinuz` and `initrd`. */
  readonly boot: string;
  readonly image: string;
  /** Of the sealed root partition, 64 hex digits. */
  readonly rootHash: string;
  /** UUID of the state partition. */
  readonly state: string;
  /** Seconds: date of every file. */
  readonly epoch: number;
}

/** Starts in a row that may end without an orderly stop before the initrd gives up (kiln-state). */
const BOOT_LIMIT = 5;

/**
 * A block that is not what was sealed stops the kernel at once, which starts again after 10 seconds: what was
 * tampered with is never read. The last console= is /dev/console: the serial line, where clouds and emulators record what a machine says.
 * gpt_auto is off: what is mounted is said here, not guessed from the disk.
 */
export function commandLine(rootHash: string, state: string): string {
  return [
    `roothash=${rootHash}`,
    'systemd.verity_root_options=panic-on-corruption',
    'root=/dev/mapper/root',
    'rootfstype=erofs',
    'ro',
    'panic=10',
    `kiln.state=PARTUUID=${state}`,
    `kiln.boots=${String(BOOT_LIMIT)}`,
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

export function bootEntry(content: Pick<EspContent, 'image' | 'rootHash' | 'state'>): string {
  return [
    `title ${content.image}`,
    'linux /vmlinuz',
    'initrd /initrd',
    `options ${commandLine(content.rootHash, content.state)}`,
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
  // A copy: its date is set below, and a cache that was copied may have lost the one of the tools' tree.
  const loader = join(work, 'loader.efi');
  copyFileSync(tools.path('usr/lib/systemd/boot/efi/systemd-bootx64.efi'), loader);
  const files: readonly (readonly [string, string])[] = [
    [loader, '::EFI/BOOT/BOOTX64.EFI'],
    [text('loader.conf', 'timeout 0\neditor no\n'), '::loader/loader.conf'],
    [text('node.conf', bootEntry(content)), '::loader/entries/node.conf'],
    [join(content.boot, 'vmlinuz'), '::vmlinuz'],
    [join(content.boot, 'initrd'), '::initrd'],
  ];
  const used = files.reduce((sum, [file]) => sum + statSync(file).size, 0);
  // An eighth for the file system's own tables and rounding.
  const size = Math.max(SMALLEST, Math.ceil((used * 1.125) / STEP) * STEP);
  writeFileSync(out, '');
  truncateSync(out, size);
  await tools.run('mkfs.vfat', ['--invariant', '-F', '32', '-s', '1', '-i', volumeId, '-n', 'KILN-ESP', out]);
  await tools.run('mmd', ['-i', out, '::EFI', '::EFI/BOOT', '::loader', '::loader/entries']);
  for (const [file, target] of files) {
    utimesSync(file, content.epoch, content.epoch);
    await tools.run('mcopy', ['-m', '-i', out, file, target]);
  }
}
