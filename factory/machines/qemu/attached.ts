import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from 'tar-stream';
import { KilnError } from '../../errors';
import { type Accelerator, qemuArguments } from './command-line';
import { machineFiles } from './disks';
import { findFirmware } from './firmware';

interface AttachedMachine {
  readonly accelerator: Accelerator;
  readonly cpus: number;
  readonly memoryMiB: number;
  /** The image's raw disk, absolute. */
  readonly disk: string;
  readonly scratch: { readonly count: number; readonly sizeMiB: number };
  /** Of its card, whose cable leads nowhere. */
  readonly mac: string;
  /** NoCloud seed: file name -> content. */
  readonly seed: Readonly<Record<string, string>>;
  /** System credentials: name -> value. */
  readonly credentials: Readonly<Record<string, string>>;
}

export interface Attached {
  /** All that the serial console has shown. */
  console(): string;
  /** All that came over the status port. */
  status(): string;
  /** Exit code and what QEMU complained of, once it has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly complaint: string }>;
  /** Ends it at once, and returns when it and its files are gone. */
  stop(): Promise<void>;
}

/** A file without a name: it goes with the last process that has it open. */
function namelessFile(): number {
  const path = join(tmpdir(), `kiln-${String(process.pid)}-${Math.random().toString(36).slice(2)}`);
  const file = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  return file;
}

function contents(file: number): string {
  const buffer = Buffer.alloc(fstatSync(file).size);
  const size = readSync(file, buffer, 0, buffer.length, 0);
  return buffer.subarray(0, size).toString('utf8');
}

/** Where factory/machines/qemu/boot-attached has its files: in a tmpfs of its own mount namespace. */
const WORK = '/run/kiln';

/**
 * A QEMU machine on no network that lives no longer than this process, even if that is killed:
 * nothing of it is on disk or left behind.
 * @param launcher factory/machines/qemu/boot-attached.
 * @throws KilnError `not-root`, `missing-tool` (the firmware).
 */
export function startAttached(machine: AttachedMachine, launcher: string): Attached {
  if (process.getuid?.() !== 0) {
    throw new KilnError({
      code: 'not-root',
      what: 'a machine with files of its own needs a mount namespace, and that needs root',
      hint: 'run it again as root (sudo)',
      exitCode: 2,
    });
  }
  const firmware = findFirmware();
  const files = machineFiles(WORK, machine.scratch.count);
  const [console, status] = [namelessFile(), namelessFile()];
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child', launcher],
      ...[firmware.variables, String(machine.scratch.count), String(machine.scratch.sizeMiB)],
      ...qemuArguments({
        name: 'kiln-verify',
        accelerator: machine.accelerator,
        cpus: machine.cpus,
        memoryMiB: machine.memoryMiB,
        firmware: { code: firmware.code, variables: files.variables },
        disk: machine.disk,
        scratch: files.scratch,
        seed: files.seed,
        credentials: Object.fromEntries(
          Object.keys(machine.credentials).map((name) => [name, `${WORK}/credentials/${name}`]),
        ),
        console: '/dev/fd/1',
        status: '/dev/fd/3',
        network: { kind: 'isolated', mac: machine.mac },
      }),
    ],
    {
      stdio: ['pipe', console, 'pipe', status],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
      cwd: '/',
    },
  );

  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const ended = new Promise<{ code: number | null; complaint: string }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, complaint: complaint.trim() });
    });
  });
  // Whoever waits hears of it; nobody waiting is no fault.
  ended.catch(() => undefined);

  const archive = pack();
  for (const [name, content] of Object.entries(machine.seed))
    archive.entry({ name: `seed/${name}` }, content);
  for (const [name, content] of Object.entries(machine.credentials)) {
    archive.entry({ name: `credentials/${name}`, mode: 0o600 }, content);
  }
  archive.finalize();
  if (child.stdin !== null) {
    // A launcher that ends early says why on its standard error; the broken pipe adds nothing.
    child.stdin.on('error', () => undefined);
    archive.pipe(child.stdin);
  }

  return {
    console: () => contents(console),
    status: () => contents(status),
    ended,
    async stop() {
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
        child.kill('SIGKILL');
        await once(child, 'close');
      }
      closeSync(console);
      closeSync(status);
    },
  };
}
