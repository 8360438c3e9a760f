import { stringify } from 'yaml';
import type { NodeConfig, ScratchPolicy } from '../../../factory/contracts/node';
import type { ImageRecord } from '../../../factory/contracts/record';
import type { Guest } from './guest';

export const SECRET = 'spark-secret';

/** Serial numbers of the disks that a test means to be scratch. */
export const SERIAL = 'kiln-scratch-';

/** A NoCloud seed that configures nothing of kiln: the test writes node.json itself. */
export const PLAIN_SEED = {
  'meta-data': 'instance-id: matrix\nlocal-hostname: node\n',
  'user-data': '#cloud-config\n{}\n',
  'network-config': stringify({
    version: 2,
    ethernets: {
      card: {
        match: { macaddress: '52:54:00:6b:69:6d' },
        addresses: ['192.0.2.10/24'],
        dhcp4: false,
        dhcp6: false,
      },
    },
  }),
};

export type DiskPolicy = Extract<ScratchPolicy, { kind: 'disks' }>;

/** node.json of a machine without a role. */
export function standby(record: ImageRecord, scratch: Partial<DiskPolicy> = {}): NodeConfig {
  return {
    version: 1,
    cluster: 'matrix',
    role: 'standby',
    master: { host: '127.0.0.1', port: 7077 },
    image: { digest: record.digest, contentId: record.contentId },
    scratch: {
      kind: 'disks',
      select: { serialPrefix: SERIAL },
      disks: 2,
      deadline: 5,
      missing: 'fail',
      ...scratch,
    },
    stores: [],
    secrets: { spark: { credential: SECRET } },
    spark: { conf: {} },
  };
}

/** What a node says of itself, as far as the tests look. */
export interface Status {
  readonly phase: string;
  readonly fault: { readonly unit: string; readonly what: string; readonly hint: string } | null;
  readonly scratch: { readonly mounted: boolean; readonly members: readonly string[] } | null;
}

export async function configure(guest: Guest, node: unknown): Promise<void> {
  const text = Buffer.from(JSON.stringify(node)).toString('base64');
  await guest.must(`echo ${text} | base64 -d >/etc/kiln/node.json && chmod 600 /etc/kiln/node.json`);
}

export const status = async (guest: Guest): Promise<Status> =>
  JSON.parse(await guest.must('cat /run/kiln/status.json')) as Status;

/** The steps up to scratch, run anew as a boot runs them; what the node says afterwards. */
export async function start(guest: Guest): Promise<Status> {
  await guest.run(
    [
      'systemctl stop kiln-scratch.service kiln-validate.service',
      "systemctl reset-failed 'kiln-*'",
      'systemctl start kiln-scratch.service',
      // A failure is published by a unit of its own.
      "while systemctl is-active -q 'kiln-failed@*'; do sleep 0.2; done",
    ].join('; '),
    600_000,
  );
  return await status(guest);
}

/** What the kernel itself has at /scratch: level, disks and file system; undefined when nothing is mounted. */
export async function mounted(
  guest: Guest,
): Promise<{ readonly level: string; readonly disks: number; readonly fstype: string } | undefined> {
  const { code, output } = await guest.run(
    'set -e; set -- $(findmnt -no SOURCE,FSTYPE /scratch); md=/sys/block/$(basename $(readlink -f $1))/md; echo $2 $(cat $md/level) $(cat $md/raid_disks)',
  );
  if (code !== 0) return undefined;
  const [fstype = '', level = '', disks] = output.trim().split(' ');
  return { level, disks: Number(disks), fstype };
}
