import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type QemuMachine, qemuArguments } from '../../../factory/machines/qemu/command-line';
import { probeArguments } from '../../../factory/machines/qemu/acceleration';

const MACHINE: QemuMachine = {
  name: 'trial-worker-1',
  accelerator: 'tcg',
  cpus: 2,
  memoryMiB: 2048,
  firmware: { code: '/fw/code.fd', variables: '/m/vars.fd' },
  disk: '/images/image.raw',
  scratch: ['/m/scratch-0.raw', '/m/scratch-1.raw'],
  seed: '/m/seed.img',
  credentials: { 'spark-secret': '/run/credentials/spark-secret' },
  console: '/m/console.log',
  status: '/m/status.jsonl',
  network: { kind: 'isolated', mac: '52:54:00:00:00:01' },
};

/** Values of every option of a name, in order. */
const values = (args: readonly string[], option: string): string[] =>
  args.flatMap((arg, index) => (arg === option ? [args[index + 1] ?? ''] : []));

describe('the command line of a QEMU machine', () => {
  it.each([
    ['kvm', ['kvm'], ['host']],
    ['tcg', ['tcg,thread=single'], ['max']],
  ] as const)('runs on %s', (accelerator, accel, cpu) => {
    const args = qemuArguments({ ...MACHINE, accelerator });
    expect(values(args, '-accel')).toEqual(accel);
    expect(values(args, '-cpu')).toEqual(cpu);
  });

  it('gives devices and units more time in emulation only', () => {
    const words = (accelerator: 'kvm' | 'tcg'): string[] =>
      values(qemuArguments({ ...MACHINE, accelerator }), '-smbios');
    expect(words('kvm')).toEqual([]);
    expect(words('tcg').join()).toContain('systemd.default_device_timeout_sec=');
  });

  it.each([
    ['the image, only read', 'id=image', ['file=/images/image.raw', 'snapshot=on']],
    ['the seed, only read', 'id=seed', ['file=/m/seed.img', 'readonly=on']],
    ['the first scratch disk', 'id=scratch0', ['file=/m/scratch-0.raw']],
    ['the second scratch disk', 'id=scratch1', ['file=/m/scratch-1.raw']],
    ['the firmware, only read', 'unit=0', ['if=pflash', 'readonly=on', 'file=/fw/code.fd']],
    ['its own variables', 'unit=1', ['if=pflash', 'file=/m/vars.fd']],
  ])('has %s', (_, key, words) => {
    const drives = values(qemuArguments(MACHINE), '-drive').map((drive) => drive.split(','));
    const drive = drives.find((found) => found.includes(key));
    expect(drive).toEqual(expect.arrayContaining(['format=raw', ...words]));
  });

  it('boots from the image, and names scratch disks by serial', () => {
    const devices = values(qemuArguments(MACHINE), '-device');
    expect(devices.filter((device) => device.includes('bootindex='))).toEqual([
      'virtio-blk-pci,drive=image,bootindex=0',
    ]);
    expect(devices).toContain('nvme,drive=scratch0,serial=kiln-scratch-0');
    expect(devices).toContain('nvme,drive=scratch1,serial=kiln-scratch-1');
    expect(devices).toContain('virtserialport,chardev=status,name=org.kiln.status');
  });

  it('passes credentials by file', () => {
    expect(values(qemuArguments(MACHINE), '-fw_cfg')).toEqual([
      'name=opt/io.systemd.credentials/spark-secret,file=/run/credentials/spark-secret',
    ]);
  });

  it.each([
    ['isolated', { kind: 'isolated', mac: '52:54:00:00:00:01' }, 'hubport,id=net0,hubid=0'],
    [
      'tap',
      { kind: 'tap', device: 'kt0', mac: '52:54:00:00:00:01' },
      'tap,id=net0,ifname=kt0,script=no,downscript=no',
    ],
  ] as const)('has the network %s and no other', (_, network, netdev) => {
    const args = qemuArguments({ ...MACHINE, network });
    expect(values(args, '-netdev')).toEqual([netdev]);
    expect(values(args, '-device').filter((device) => device.startsWith('virtio-net'))).toEqual([
      'virtio-net-pci,netdev=net0,mac=52:54:00:00:00:01',
    ]);
  });

  it('takes nothing from the machine’s own configuration, and ends when the guest resets', () => {
    expect(qemuArguments(MACHINE)).toEqual(
      expect.arrayContaining(['-nodefaults', '-no-user-config', '-no-reboot']),
    );
  });

  it('never lets a path add an option of its own', () => {
    fc.assert(
      fc.property(fc.constantFrom('disk', 'seed', 'console', 'status'), fc.string(), (field, text) => {
        const path = `/x,readonly=off,${text.replaceAll('\0', '')}`;
        const plain = qemuArguments({ ...MACHINE, [field]: '/x' });
        const args = qemuArguments({ ...MACHINE, [field]: path });
        expect(args.length).toBe(plain.length);
        // QEMU reads a doubled comma as one inside a value: what is left must be one value.
        const split = args.map((arg) => arg.replaceAll(',,', '\0').split(',').length);
        expect(split).toEqual(plain.map((arg) => arg.split(',').length));
      }),
    );
  });

  it('probes KVM with the processor that a machine then gets', () => {
    const probe = probeArguments(MACHINE.firmware, '/t/floppy');
    const machine = qemuArguments({ ...MACHINE, accelerator: 'kvm' });
    for (const option of ['-machine', '-accel', '-cpu']) {
      expect(values(probe, option)).toEqual(values(machine, option));
    }
    expect(probe.filter((word) => word.includes(MACHINE.firmware.variables))).toEqual([
      expect.stringContaining('snapshot=on'),
    ]);
  });
});
