import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs';

const MIB = 1024 * 1024;

/** Of no less than XFS takes by itself, 300 MB. */
export function blank(file: string, mib = 512): string {
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

/** A pair of a packed list of names and values, as ZFS writes them (nvpair.c): XDR, big endian. */
function nvpair(name: string, value: bigint | string): Buffer {
  const padded = (text: string): Buffer => {
    const bytes = Buffer.alloc(4 + Math.ceil(text.length / 4) * 4);
    bytes.writeUInt32BE(text.length);
    bytes.write(text, 4);
    return bytes;
  };
  const content = typeof value === 'string' ? padded(value) : Buffer.alloc(8);
  if (typeof value === 'bigint') content.writeBigUInt64BE(value);
  const head = Buffer.alloc(8);
  const kind = Buffer.alloc(8);
  // DATA_TYPE_STRING and DATA_TYPE_UINT64, one of each.
  kind.writeUInt32BE(typeof value === 'string' ? 9 : 8);
  kind.writeUInt32BE(1, 4);
  const body = Buffer.concat([padded(name), kind, content]);
  head.writeUInt32BE(head.length + body.length);
  // What it takes in memory.
  head.writeUInt32BE(Math.ceil((16 + name.length + 1) / 8) * 8 + Math.ceil((content.length + 1) / 8) * 8, 4);
  return Buffer.concat([head, body]);
}

/** The first of ZFS' four labels (vdev_label.c): its list at 16 KiB, its ring of uberblocks at 128 KiB. */
function zfsLabel(): Buffer {
  const label = Buffer.alloc(256 * 1024);
  const header = Buffer.from([1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  Buffer.concat([
    header,
    nvpair('version', 5000n),
    nvpair('name', 'tank'),
    nvpair('state', 0n),
    nvpair('txg', 4n),
    nvpair('pool_guid', 0x1234567890n),
    nvpair('top_guid', 0x2345678901n),
    nvpair('guid', 0x2345678901n),
    Buffer.alloc(8),
  ]).copy(label, 16 * 1024);
  for (let at = 128 * 1024; at < label.length; at += 1024) label.writeBigUInt64LE(0x00bab10cn, at);
  return label;
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
      write(file, 0, zfsLabel());
    },
  },
};

export const digest = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
