import { stringify } from 'yaml';
import type { NodeConfig } from './node';

/** Where a node finds what cloud-init wrote. */
const NODE_JSON_PATH = '/etc/kiln/node.json';

/**
 * The user data of one machine: cloud-init writes node.json and does nothing else. The same text
 * serves EC2, MAAS and NoCloud. It holds no secret: secrets are references (SecretRef).
 */
export function userData(config: NodeConfig): string {
  const document = {
    write_files: [
      {
        path: NODE_JSON_PATH,
        owner: 'root:root',
        permissions: '0600',
        content: `${JSON.stringify(config, null, 2)}\n`,
      },
    ],
  };
  return `#cloud-config\n${stringify(document)}`;
}
