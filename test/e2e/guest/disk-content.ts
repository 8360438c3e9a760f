import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs';

const MIB = 1024 * 1024;

export function blank(file: string, mib = 256): string {
  writeFileSync(file, '');
  truncateSync(file, mib * MIB);
  return file;
}

function write(file: string, at: number, data: Uint8Array): void {
  const handle = openSync(file, 'r+');
  try {
    writeSync(handle, data, 0, data.length, at);
  } finally {
    closeSync(handle);
  }
}

/** Checksum of LVM's labels (lib/misc/crc.c of lvm2): CRC-32 with its own start and no inversion. */
function lvmCrc(data: Uint8Array): number {
  let crc = 0xf597a6cf;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return crc >>> 0;
}

/** A physical volume's label in sector 1, as pvcreate writes it (struct label_header of lvm2). */
function lvmLabel(): Buffer {
  const sector = Buffer.alloc(512);
  sector.write('LABELONE', 0);
  sector.writeBigUInt64LE(1n, 8);
  sector.writeUInt32LE(32, 20);
  sector.write('LVM2 001', 24);
  sector.write('kilnkilnkilnkilnkilnkilnkilnkiln', 32);
  sector.writeUInt32LE(lvmCrc(sector.subarray(20)), 16);
  return sector;
}

/** The first of ZFS' four labels: its ring of uberblocks, each with the magic that blkid counts (vdev_label.c). */
function zfsUberblocks(): Buffer {
  const ring = Buffer.alloc(128 * 1024);
  for (let at = 0; at < ring.length; at += 1024) ring.writeBigUInt64LE(0x00bab10cn, at);
  return ring;
}

/** Somebody's data on a disk, by kind; wipefs tells each as `tells`. */
export const FOREIGN: Readonly<
  Record<string, { readonly tells: string; readonly put: (file: string) => void }>
> = {
  ext4: {
    tells: 'ext4',
    put: (file) => execFileSync('/sbin/mkfs.ext4', ['-q', '-F', file]),
  },
  'a GPT with a partition': {
    tells: 'partitions|gpt',
    put: (file) =>
      execFileSync('/sbin/sfdisk', ['-q', file], {
        input: 'label: gpt\n,64M\n',
        stdio: ['pipe', 'ignore', 'ignore'],
      }),
  },
  swap: {
    tells: 'swap',
    put: (file) => execFileSync('/sbin/mkswap', [file], { stdio: 'ignore' }),
  },
  'an LVM physical volume': {
    tells: 'LVM2_member',
    put: (file) => {
      write(file, 512, lvmLabel());
    },
  },
  'a ZFS label': {
    tells: 'zfs_member',
    put: (file) => {
      write(file, 128 * 1024, zfsUberblocks());
    },
  },
};

export const digest = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
