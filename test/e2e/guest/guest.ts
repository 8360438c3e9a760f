import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Accelerator } from '../../../factory/machines/qemu/command-line';
import { qemuArguments } from '../../../factory/machines/qemu/command-line';
import { findFirmware } from '../../../factory/machines/qemu/firmware';
import { Qmp } from './qmp';
import { GuestShell, type Ran, SHELL_CREDENTIALS, SHELL_PORT, SHELL_WANTED } from './shell';

/** Slots that disks can be plugged into while the machine runs. */
const SLOTS = 6;

/** How the kernel's command line is added to: systemd-boot(7). */
const EXTRA_WORDS = 'type=11,value=io.systemd.boot.kernel-cmdline-extra';

/** A disk of a guest: a raw file, as an NVMe device. */
export interface NvmeDisk {
  readonly serial: string;
  readonly file: string;
  /** Every write is refused by the device itself. */
  readonly readOnly?: true;
  /** QEMU's blkdebug rules: which requests end with an error. */
  readonly errors?: readonly Readonly<Record<string, string | number | boolean>>[];
}

export interface GuestOptions {
  /** Of this guest alone; all it writes is there. */
  readonly folder: string;
  /** The image's raw disk; only read. */
  readonly image: string;
  readonly accelerator: Accelerator;
  /** NoCloud seed: file name -> content. */
  readonly seed: Readonly<Record<string, string>>;
  readonly credentials: Readonly<Record<string, string>>;
}

/** What a machine was when it was put to sleep: its memory, its disk's changes, its firmware's variables. */
export interface Snapshot {
  readonly options: GuestOptions;
  readonly memory: string;
  readonly overlay: string;
  readonly variables: string;
}

/**
 * The image on a machine that a test works on: booted by UEFI as kiln does it, with a monitor, slots for disks
 * and a root shell. A booted one can be put to sleep in a file, and any number of machines go on from there.
 */
export class Guest {
  private readonly plugged = new Map<string, number>();

  private constructor(
    private readonly options: GuestOptions,
    private readonly child: ChildProcess,
    readonly qmp: Qmp,
    private readonly shell: GuestShell,
  ) {}

  /** Starts the image anew. The shell answers once it is up: see `run`. */
  static async boot(options: GuestOptions): Promise<Guest> {
    const { folder, image } = options;
    mkdirSync(folder, { recursive: true });
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', image, join(folder, 'disk')]);
    copyFileSync(findFirmware().variables, join(folder, 'variables'));
    return await Guest.start(options);
  }

  /** A machine that resumes where another one was suspended. */
  static async wake({ options, memory, overlay, variables }: Snapshot, folder: string): Promise<Guest> {
    mkdirSync(folder, { recursive: true });
    execFileSync('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-F',
      'qcow2',
      '-b',
      overlay,
      join(folder, 'disk'),
    ]);
    copyFileSync(variables, join(folder, 'variables'));
    const guest = await Guest.start({ ...options, folder }, ['-incoming', `exec:cat '${memory}'`]);
    for (;;) {
      const { status } = (await guest.qmp.run('query-status')) as { status: string };
      if (status === 'running') return guest;
      await guest.alive();
      await sleep(50);
    }
  }

  private static async start(options: GuestOptions, more: readonly string[] = []): Promise<Guest> {
    const { folder, image, accelerator } = options;
    const file = (name: string): string => join(folder, name);
    const seed = makeSeed(file('seed.img'), join(folder, 'seed'), options.seed);
    const credentials = { ...options.credentials, ...SHELL_CREDENTIALS };
    mkdirSync(file('credentials'), { recursive: true });
    for (const [name, value] of Object.entries(credentials))
      writeFileSync(join(folder, 'credentials', name), value);
    const machine = qemuArguments({
      name: 'kiln-test',
      accelerator,
      cpus: accelerator === 'kvm' ? 2 : 1,
      memoryMiB: 1536,
      firmware: { code: findFirmware().code, variables: file('variables') },
      disk: image,
      scratch: [],
      seed,
      credentials: Object.fromEntries(
        Object.keys(credentials).map((name) => [name, join(folder, 'credentials', name)]),
      ),
      console: file('console'),
      status: file('status'),
      network: { kind: 'isolated', mac: '52:54:00:6b:69:6d' },
    })
      // It may restart, and its disk's changes must outlive it.
      .filter((word) => word !== '-no-reboot')
      .map((word) =>
        word.startsWith('if=none,id=image,')
          ? `if=none,id=image,format=qcow2,file=${file('disk')},cache=unsafe`
          : word,
      )
      .map((word) => (word.startsWith(EXTRA_WORDS) ? `${word} ${SHELL_WANTED}` : word));
    const wanted = machine.some((word) => word.endsWith(SHELL_WANTED));
    const child = spawn(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...machine],
        ...(wanted ? [] : ['-smbios', `${EXTRA_WORDS}=${SHELL_WANTED}`]),
        ...['-qmp', `unix:${file('qmp')},server=on,wait=off`],
        ...['-chardev', `socket,id=shell,path=${file('shell')},server=on,wait=off`],
        ...['-device', `virtserialport,chardev=shell,name=${SHELL_PORT}`],
        ...Array.from({ length: SLOTS }, (_, slot) => [
          '-device',
          `pcie-root-port,id=slot${String(slot)},chassis=${String(slot + 1)},slot=${String(slot + 1)}`,
        ]).flat(),
        ...more,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    const failed = once(child, 'exit').then(() => {
      throw new Error(`QEMU ended: ${complaint}`);
    });
    failed.catch(() => undefined);
    const qmp = await Promise.race([Qmp.open(file('qmp')), failed]);
    return new Guest(options, child, qmp, await GuestShell.open(file('shell')));
  }

  private async alive(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error('QEMU has ended');
    return Promise.resolve();
  }

  /** All that the serial console has shown. */
  console(): string {
    const path = join(this.options.folder, 'console');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** A command of the guest's root; also the first one waits for nothing but its own patience. */
  async run(command: string, patience?: number): Promise<Ran> {
    return await this.shell.run(command, patience);
  }

  /** Standard output of a command that must succeed. */
  async must(command: string, patience?: number): Promise<string> {
    const { code, output } = await this.run(command, patience);
    if (code !== 0) throw new Error(`${command}\nended with ${String(code)}: ${output}`);
    return output;
  }

  /** Puts a disk into a free slot, and waits until the guest has it. */
  async plug({ serial, file, readOnly, errors }: NvmeDisk, patience = 60_000): Promise<void> {
    const slot = [...Array(SLOTS).keys()].find((one) => ![...this.plugged.values()].includes(one));
    if (slot === undefined) throw new Error('every slot has a disk');
    const node = `disk-${serial}`;
    await this.qmp.run('blockdev-add', {
      driver: 'raw',
      'node-name': node,
      'read-only': readOnly === true,
      file: {
        ...(errors === undefined ? {} : { driver: 'blkdebug', 'inject-error': errors }),
        ...(errors === undefined
          ? { driver: 'file', filename: file }
          : { image: { driver: 'file', filename: file } }),
        'read-only': readOnly === true,
      },
    });
    await this.qmp.run('device_add', {
      driver: 'nvme',
      id: `nvme-${serial}`,
      drive: node,
      serial,
      bus: `slot${String(slot)}`,
    });
    this.plugged.set(serial, slot);
    const there = `for i in $(seq 600); do lsblk -dno SERIAL | grep -qxF '${serial}' && exec udevadm settle; sleep 0.1; done; exit 1`;
    await this.must(there, patience);
  }

  /** Pulls a disk out. What it held stays in its file. */
  async unplug(serial: string): Promise<void> {
    await this.qmp.run('device_del', { id: `nvme-${serial}` });
    await this.qmp.event('DEVICE_DELETED', { device: `nvme-${serial}` });
    await this.qmp.run('blockdev-del', { 'node-name': `disk-${serial}` });
    this.plugged.delete(serial);
  }

  /** Ends this machine and keeps what it was, for `wake`. */
  async sleep(): Promise<Snapshot> {
    const { folder } = this.options;
    const memory = join(folder, 'memory');
    await this.qmp.run('migrate', { uri: `exec:cat > '${memory}'` });
    for (;;) {
      const { status, ...why } = (await this.qmp.run('query-migrate')) as { status: string };
      if (status === 'completed') break;
      if (status === 'failed')
        throw new Error(`the machine could not be put to sleep: ${JSON.stringify(why)}`);
      await sleep(100);
    }
    await this.stop();
    return {
      options: this.options,
      memory,
      overlay: join(folder, 'disk'),
      variables: join(folder, 'variables'),
    };
  }

  /** Waits until it has powered itself off. */
  async off(patience: number): Promise<void> {
    const until = Date.now() + patience;
    while (this.child.exitCode === null && this.child.signalCode === null) {
      if (Date.now() > until) throw new Error(`the machine still runs after ${String(patience / 1000)} s`);
      await sleep(200);
    }
  }

  /** Ends it at once, as a power cut does. */
  async stop(): Promise<void> {
    this.shell.close();
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}

/** A FAT file system labelled CIDATA with the seed's files; of a machine that goes on, the same one. */
function makeSeed(image: string, folder: string, seed: Readonly<Record<string, string>>): string {
  if (existsSync(image)) return image;
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(seed)) writeFileSync(join(folder, name), content);
  execFileSync('mkfs.vfat', ['-n', 'CIDATA', '-C', image, '2048'], { stdio: 'ignore' });
  execFileSync('mcopy', ['-i', image, ...Object.keys(seed).map((name) => join(folder, name)), '::']);
  return image;
}
