import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sandbox } from '../../ports/sandbox/sandbox';
import { CONSOLE, type Machine, type MachineContext, type MachineDriver } from '../driver';
import { type NodeStatus, parseStatus } from '../status';
import { type Accelerator, qemuArguments } from './command-line';
import { machineFiles, makeFiles } from './disks';
import { findFirmware } from './firmware';
import { lastJsonLine } from './status-lines';

const STATUS = 'status.jsonl';
const LOG = 'qemu.log';

/** A tap's name has 15 characters at most, a machine's has more. */
export const tapName = (machine: string): string =>
  `kt${createHash('sha256').update(machine).digest('hex').slice(0, 12)}`;

/**
 * Machines as QEMU runs them: the image's own disk by UEFI, emulated NVMe scratch, a tap on the
 * cluster's bridge. Everything is inside the sandbox and ends with it.
 */
export function qemuDriver(accelerator: () => Promise<Accelerator>): MachineDriver {
  return {
    kind: 'qemu',

    async start(machine: Machine, context: MachineContext): Promise<void> {
      const { sandbox } = context;
      const firmware = findFirmware();
      const files = machineFiles(machine.folder, machine.disks.count);
      const seedFolder = `/run/kiln-seed/${machine.name}`;
      for (const [name, content] of Object.entries(machine.seed)) {
        await sandbox.write(join(seedFolder, name), content);
      }
      const commands = makeFiles({
        files,
        variables: firmware.variables,
        seedFiles: Object.keys(machine.seed).map((name) => join(seedFolder, name)),
        scratchMiB: machine.disks.sizeMiB,
      });
      for (const [program, ...args] of commands) await sandbox.run(program, args);

      const tap = tapName(machine.name);
      await sandbox.run('ip', ['tuntap', 'add', 'dev', tap, 'mode', 'tap']);
      await sandbox.run('ip', ['link', 'set', tap, 'master', context.bridge, 'up']);
      await sandbox.spawn(
        machine.name,
        'qemu-system-x86_64',
        qemuArguments({
          name: machine.name,
          accelerator: await accelerator(),
          cpus: machine.cpus,
          memoryMiB: machine.memoryMiB,
          firmware: { code: firmware.code, variables: files.variables },
          disk: machine.image.raw,
          scratch: files.scratch,
          seed: files.seed,
          credentials: context.credentials,
          console: join(machine.folder, CONSOLE),
          status: join(machine.folder, STATUS),
          network: { kind: 'tap', device: tap, mac: machine.network.mac },
        }),
        { log: join(machine.folder, LOG), env: { TMPDIR: machine.folder } },
      );
    },

    async stop(name: string, sandbox: Sandbox): Promise<void> {
      await sandbox.kill(name);
      // 1: it is not there.
      await sandbox.run('ip', ['link', 'delete', tapName(name)], { accept: [0, 1] });
    },

    // A machine of its own: ssh is the way in, not this one's namespaces.
    async enter(): Promise<undefined> {
      return Promise.resolve(undefined);
    },

    async status(machine): Promise<NodeStatus | undefined> {
      const text = await readFile(join(machine.folder, STATUS), 'utf8').catch(() => '');
      const line = lastJsonLine(text);
      return line === undefined ? undefined : parseStatus(line);
    },
  };
}
