import { join } from 'node:path';

/** Files of one QEMU machine, in a folder of its own. */
interface MachineFiles {
  readonly variables: string;
  readonly seed: string;
  readonly scratch: readonly string[];
}

export function machineFiles(folder: string, disks: number): MachineFiles {
  return {
    variables: join(folder, 'uefi-variables.fd'),
    seed: join(folder, 'seed.img'),
    scratch: Array.from({ length: disks }, (_, index) => join(folder, `scratch-${String(index)}.raw`)),
  };
}

/** KiB of the seed's file system: the smallest that FAT takes with space to spare. */
const SEED_KIB = '2048';

/**
 * Commands that make a machine's files: its copy of the firmware's variables, the seed for cloud-init
 * (a FAT file system labelled CIDATA with every file of `seedFolder`), blank sparse scratch disks.
 */
export function makeFiles(options: {
  readonly files: MachineFiles;
  readonly variables: string;
  readonly seedFiles: readonly string[];
  readonly scratchMiB: number;
}): readonly (readonly [string, ...string[]])[] {
  const { files, variables, seedFiles, scratchMiB } = options;
  return [
    ['cp', '--no-preserve=mode', variables, files.variables],
    ['mkfs.vfat', '-n', 'CIDATA', '-C', files.seed, SEED_KIB],
    ['mcopy', '-i', files.seed, ...seedFiles, '::'],
    ...files.scratch.map((file): [string, ...string[]] => ['truncate', '-s', `${String(scratchMiB)}M`, file]),
  ];
}
