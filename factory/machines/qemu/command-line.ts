/** What QEMU runs on: `kvm` only where it was seen to boot (acceleration.ts). */
export type Accelerator = 'kvm' | 'tcg';

type QemuNetwork =
  /** A card whose cable leads nowhere: systemd waits for a network that never comes where there is none. */
  | { readonly kind: 'isolated'; readonly mac: string }
  /** A tap device that is there already, and on its bridge. */
  | { readonly kind: 'tap'; readonly device: string; readonly mac: string };

/** One QEMU machine; every path absolute. */
export interface QemuMachine {
  readonly name: string;
  readonly accelerator: Accelerator;
  readonly cpus: number;
  readonly memoryMiB: number;
  /** UEFI: the code, only read, and this machine's own copy of the variables. */
  readonly firmware: { readonly code: string; readonly variables: string };
  /** The image's raw disk. Only read: writes go to an unlinked file in TMPDIR and end with QEMU. */
  readonly disk: string;
  /** Raw files that become NVMe disks with the serials kiln-scratch-0, -1, … */
  readonly scratch: readonly string[];
  /** File system labelled CIDATA, for cloud-init's NoCloud. */
  readonly seed: string;
  /** System credentials: name -> file. By file, so that no secret stands in the process list. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Gets what the serial console shows, appended. */
  readonly console: string;
  /** Gets the node's status, one JSON a line. */
  readonly status: string;
  readonly network: QemuNetwork;
}

/** Serial numbers of the emulated scratch disks start so; node.json selects by it. */
export const SCRATCH_SERIAL_PREFIX = 'kiln-scratch-';

/** Name of the virtio port that the node program writes its status to. */
const STATUS_PORT = 'org.kiln.status';

/**
 * In emulation a start takes many times as long, and on a busy machine longer than systemd's 90 s for a
 * device: systemd-boot adds these words to the kernel's (systemd-boot(7), SMBIOS type 11 strings).
 */
const PATIENCE =
  'io.systemd.boot.kernel-cmdline-extra=' +
  'systemd.default_device_timeout_sec=900 systemd.default_timeout_start_sec=900';

/** A value inside QEMU's comma-separated options: a comma is doubled. */
const value = (text: string): string => text.replaceAll(',', ',,');

const raw = (id: string, file: string, ...more: readonly string[]): string[] => [
  '-drive',
  ['if=none', `id=${id}`, 'format=raw', `file=${value(file)}`, ...more].join(','),
];

const network = (given: QemuNetwork): string[] => [
  '-netdev',
  given.kind === 'isolated'
    ? 'hubport,id=net0,hubid=0'
    : `tap,id=net0,ifname=${value(given.device)},script=no,downscript=no`,
  '-device',
  `virtio-net-pci,netdev=net0,mac=${given.mac}`,
];

/**
 * Arguments of qemu-system-x86_64 for a machine (emulation has one thread for all processors: with one
 * each, QEMU 7.2 loses the race when Linux patches its own code, and the guest panics in an `int3`): UEFI, the image on virtio, scratch on NVMe, a serial
 * console and a status port, no display, nothing that the distribution's configuration adds. A guest
 * that reboots or panics ends QEMU: whoever watches sees it at once.
 */
export function qemuArguments(machine: QemuMachine): readonly string[] {
  return [
    ...['-name', value(machine.name)],
    ...['-nodefaults', '-no-user-config', '-no-reboot'],
    ...['-display', 'none', '-vga', 'none'],
    ...['-machine', 'q35,smm=off'],
    ...(machine.accelerator === 'kvm'
      ? ['-accel', 'kvm', '-cpu', 'host']
      : ['-accel', 'tcg,thread=single', '-cpu', 'max', '-smbios', `type=11,value=${PATIENCE}`]),
    ...['-smp', String(machine.cpus), '-m', `${String(machine.memoryMiB)}M`],
    ...['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${value(machine.firmware.code)}`],
    ...['-drive', `if=pflash,unit=1,format=raw,file=${value(machine.firmware.variables)}`],
    ...raw('image', machine.disk, 'snapshot=on', 'cache=unsafe'),
    ...['-device', 'virtio-blk-pci,drive=image,bootindex=0'],
    ...raw('seed', machine.seed, 'readonly=on'),
    ...['-device', 'virtio-blk-pci,drive=seed'],
    ...machine.scratch.flatMap((file, index) => [
      ...raw(`scratch${String(index)}`, file, 'discard=unmap', 'cache=unsafe'),
      ...['-device', `nvme,drive=scratch${String(index)},serial=${SCRATCH_SERIAL_PREFIX}${String(index)}`],
    ]),
    ...['-device', 'virtio-rng-pci'],
    ...['-chardev', `file,id=console,path=${value(machine.console)},append=on`],
    ...['-serial', 'chardev:console'],
    ...['-device', 'virtio-serial-pci'],
    ...['-chardev', `file,id=status,path=${value(machine.status)}`],
    ...['-device', `virtserialport,chardev=status,name=${STATUS_PORT}`],
    ...network(machine.network),
    ...Object.entries(machine.credentials).flatMap(([name, file]) => [
      '-fw_cfg',
      `name=opt/io.systemd.credentials/${name},file=${value(file)}`,
    ]),
  ];
}
