import type { LaunchGroup } from '../factory/contracts/launch';
import type { Store } from '../factory/contracts/node';
import { LOCAL_NETWORK } from './local-network';

export interface LocalStoreProps {
  /** @default 'flights' */
  readonly bucket?: string;
  /** Port of `kiln store up` on this machine's loopback. @default 7443 */
  readonly port?: number;
}

/** An object store as a cluster's nodes see it, and what the machines need for it. */
export interface LocalStore {
  readonly store: Store;
  readonly bucket: string;
  /** Credential name -> file, relative to the project. */
  readonly credentials: LaunchGroup['credentials'];
  readonly forward: LaunchGroup['network']['forward'];
}

/** Port of the store as nodes see it, wherever it is on this machine. */
const GATEWAY_PORT = 7443;

/** The radosgw that `kiln store up` starts: reached at the gateway, keys and authority as system credentials. */
export function localStore({ bucket = 'flights', port = GATEWAY_PORT }: LocalStoreProps = {}): LocalStore {
  return {
    bucket,
    store: {
      kind: 'rgw',
      name: 'local',
      endpoint: `https://${LOCAL_NETWORK.gateway}:${GATEWAY_PORT}`,
      buckets: [bucket],
      accessKey: { credential: 'store-access-key' },
      secretKey: { credential: 'store-secret-key' },
      ca: { credential: 'store-ca' },
    },
    credentials: {
      'store-access-key': { file: '.kiln/store/access-key' },
      'store-secret-key': { file: '.kiln/store/secret-key' },
      'store-ca': { file: '.kiln/store/ca.pem' },
    },
    forward: { [String(GATEWAY_PORT)]: `127.0.0.1:${port}` },
  };
}
