import type { Exec } from '../ports/machine/exec';

export interface ArchiveOptions {
  readonly tree: string;
  readonly tar: string;
  /** Seconds. */
  readonly epoch: number;
  /** `clamped`, the default: no file is younger than the epoch; `fixed`: all have that date. */
  readonly dates?: 'clamped' | 'fixed';
  /** Only the base system has users of its own; above it all belongs to root. */
  readonly keepOwners: boolean;
}

/** Arguments of GNU tar for one tree, one tar: the same bytes whatever machine, time and order of creation. */
function archiveArguments(options: ArchiveOptions): string[] {
  return [
    '--create',
    `--file=${options.tar}`,
    `--directory=${options.tree}`,
    '--format=posix',
    // The default name of an extended header has the process id in it; dates of access and change are the machine's.
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime,delete=mtime',
    '--sort=name',
    '--numeric-owner',
    ...(options.keepOwners ? [] : ['--owner=0', '--group=0']),
    `--mtime=@${String(options.epoch)}`,
    ...(options.dates === 'fixed' ? [] : ['--clamp-mtime']),
    '--xattrs',
    '--xattrs-include=security.capability',
    '.',
  ];
}

export async function archive(exec: Exec, options: ArchiveOptions): Promise<void> {
  await exec.run('tar', archiveArguments(options), { env: { LC_ALL: 'C', TZ: 'UTC', TAR_OPTIONS: '' } });
}
