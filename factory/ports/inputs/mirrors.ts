/** Which registry a lock entry's path is relative to. */
export type Registry = 'debian' | 'debian-security' | 'pypi' | 'maven';

/**
 * Where this machine's own clients (apt, pip, Maven) look: a lock names no host, so that it holds on
 * any mirror.
 */
export interface Mirrors {
  /**
   * Base address without a trailing slash. For `pypi` that of the simple index.
   * @throws KilnError `no-mirror` when neither the client nor KILN_MIRROR_… names one.
   */
  base(registry: Registry): Promise<string>;
}
