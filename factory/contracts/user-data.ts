import { stringify } from 'yaml';
import type { NodeConfig } from './node';

/** Where a node finds what cloud-init wrote. */
const NODE_JSON_PATH = '/etc/kiln/node.json';

/**
 * The user data of one machine: cloud-init writes node.json and does nothing else. The same text
 * serves EC2, MAAS and NoCloud. Its node.json is printable ASCII: cloud-init's YAML reader refuses
 * characters (such as DEL or U+FFFE) that JSON lets stand as they are. It holds no secret: secrets are references (SecretRef).
 */
export function userData(config: NodeConfig): string {
  const document = {
    write_files: [
      {
        path: NODE_JSON_PATH,
        owner: 'root:root',
        permissions: '0600',
        content: `${escaped(JSON.stringify(config, null, 2))}\n`,
      },
    ],
  };
  return `#cloud-config\n${stringify(document)}`;
}

/** The same JSON document, with each UTF-16 unit outside of printable ASCII as an escape. */
function escaped(json: string): string {
  return json.replace(/[^\x20-\x7e\n]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
