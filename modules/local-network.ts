/**
 * The network of a local cluster. Every cluster has a network namespace of its own, so that all may
 * have the same addresses; only the object store's port leads out, to this machine's loopback.
 */
export const LOCAL_NETWORK = {
  gateway: '10.213.0.1',
  prefix: 24,
  master: '10.213.0.10',
  history: '10.213.0.11',
  notebook: '10.213.0.12',
  /** Of the first worker; the next ones follow. */
  workers: '10.213.0.20',
} as const;

/** The address `index` places after `first`, within its last octet. */
export function addressAfter(first: string, index: number): string {
  const octets = first.split('.');
  return [...octets.slice(0, 3), String(Number(octets[3]) + index)].join('.');
}
