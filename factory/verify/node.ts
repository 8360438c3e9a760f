import { stringify } from 'yaml';
import type { NodeConfig } from '../contracts/node';
import type { ImageRecord } from '../contracts/record';
import { userData } from '../contracts/user-data';
import { SCRATCH_SERIAL_PREFIX } from '../machines/qemu/command-line';
import { SCRATCH_DISKS } from './judge';

export const SECRET = 'spark-secret';

/** Of the machine's card; locally administered. */
export const MAC = '52:54:00:6b:69:6c';

/** node.json of a machine that only proves its image: no store, no master, no Spark. */
function standby(record: ImageRecord): NodeConfig {
  return {
    version: 1,
    cluster: 'verify',
    role: 'standby',
    master: { host: '127.0.0.1', port: 7077 },
    image: { digest: record.digest, contentId: record.contentId },
    scratch: {
      kind: 'disks',
      select: { serialPrefix: SCRATCH_SERIAL_PREFIX },
      disks: SCRATCH_DISKS,
      deadline: 120,
      missing: 'fail',
    },
    stores: [],
    secrets: { spark: { credential: SECRET } },
    spark: { conf: {} },
  };
}

/** 192.0.2.0/24 is for documentation, RFC 5737: an address that is nobody's. */
const NETWORK = {
  version: 2,
  ethernets: {
    card: { match: { macaddress: MAC }, addresses: ['192.0.2.10/24'], dhcp4: false, dhcp6: false },
  },
};

/** The NoCloud seed of the proof: file name -> content. The machine's card has an address and nobody to talk to. */
export function seed(record: ImageRecord, instance: string): Readonly<Record<string, string>> {
  return {
    'meta-data': `instance-id: ${instance}\nlocal-hostname: verify\n`,
    'user-data': userData(standby(record)),
    'network-config': stringify(NETWORK),
  };
}
