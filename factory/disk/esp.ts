import { copyFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MIB } from './layout';
import type { DiskTools } from './tools-tree';

/** FAT32 has no fewer clusters than this many MiB hold. */
const SMALLEST = 64 * MIB;
/** Another kernel or initrd seldom moves what lies behind the ESP. */
const STEP = 32 * MIB;
const SECTOR = 512;
/** Heads and sectors a track, which nothing that boots today reads. */
const GEOMETRY = '128/63';

/** Where the partition lies on the disk. */
export interface EspPlace {
  readonly disk: string;
  /** Bytes. */
  readonly start: number;
  readonly size: number;
}

export interface EspContent {
  /** Folder with `vmlinuz` and `initrd`. */
  readonly boot: string;
  /** Serial number of the file system, 8 hex digits. */
  readonly volumeId: string;
  /** Seconds: date of every file. */
  readonly epoch: number;
}

export interface EntryContent {
  readonly image: string;
  /** Of the sealed root partition, 64 hex digits. */
  readonly rootHash: string;
  /** UUID of the state partition. */
  readonly state: string;
  /** Seconds: date of the file. */
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

export function bootEntry(content: Omit<EntryContent, 'epoch'>): string {
  return [
    `title ${content.image}`,
    'linux /vmlinuz',
    'initrd /initrd',
    `options ${commandLine(content.rootHash, content.state)}`,
    '',
  ].join('\n');
}

/** systemd-boot, which goes to the removable-media path. */
const LOADER = 'usr/lib/systemd/boot/efi/systemd-bootx64.efi';

/**
 * Bytes of the partition.
 * @param boot bytes of kernel and initrd.
 */
export const espSize = (tools: DiskTools, boot: number): number =>
  // An eighth for the file system's own tables and rounding.
  Math.max(SMALLEST, Math.ceil(((boot + statSync(tools.path(LOADER)).size) * 1.125) / STEP) * STEP);

/** mtools' word for a file system within a file. */
const within = ({ disk, start }: EspPlace): string => `${disk}@@${String(start)}`;

async function put(
  tools: DiskTools,
  place: EspPlace,
  file: string,
  target: string,
  epoch: number,
): Promise<void> {
  utimesSync(file, epoch, epoch);
  await tools.run('mcopy', ['-m', '-i', within(place), file, `::${target}`]);
}

/** Writes the EFI system partition, into zeros: systemd-boot, kernel and initrd; no boot entry yet. */
export async function writeEsp(
  tools: DiskTools,
  work: string,
  place: EspPlace,
  content: EspContent,
): Promise<void> {
  const { boot, volumeId, epoch } = content;
  // A copy: its date is set, and a cache that was copied may have lost the one of the tools' tree.
  const loader = join(work, 'loader.efi');
  copyFileSync(tools.path(LOADER), loader);
  const settings = join(work, 'loader.conf');
  writeFileSync(settings, 'timeout 0\neditor no\n');
  await tools.run('mkfs.vfat', [
    ...['--invariant', '-F', '32', '-s', '1', '-i', volumeId, '-n', 'KILN-ESP'],
    // Else it is guessed from the bytes that the file has by now.
    ...['-g', GEOMETRY],
    ...['--offset', String(place.start / SECTOR), place.disk, String(place.size / 1024)],
  ]);
  await tools.run('mmd', ['-i', within(place), '::EFI', '::EFI/BOOT', '::loader', '::loader/entries']);
  await put(tools, place, loader, 'EFI/BOOT/BOOTX64.EFI', epoch);
  await put(tools, place, settings, 'loader/loader.conf', epoch);
  await put(tools, place, join(boot, 'vmlinuz'), 'vmlinuz', epoch);
  await put(tools, place, join(boot, 'initrd'), 'initrd', epoch);
}

/** Adds the one boot entry, which binds the machine to the root. */
export async function writeBootEntry(
  tools: DiskTools,
  work: string,
  place: EspPlace,
  content: EntryContent,
): Promise<void> {
  const entry = join(work, 'node.conf');
  writeFileSync(entry, bootEntry(content));
  await put(tools, place, entry, 'loader/entries/node.conf', content.epoch);
}
