import { LaunchGroup } from '../../../factory/contracts/launch';
import type { MachineImage } from '../../../factory/machines/driver';

const digest = (hex: string): string => `sha256:${hex.repeat(64)}`;

export const IMAGE: MachineImage = {
  digest: digest('a'),
  raw: '/registry/images/a/image.raw',
  manifest: '/registry/images/a/files.mtree',
  root: { start: 1048576, size: 4194304 },
};

/** A group of workers as LocalClusterStack would make it. */
export function launchGroup(changes: Partial<LaunchGroup> = {}): LaunchGroup {
  const image = { digest: IMAGE.digest, contentId: digest('b') };
  return LaunchGroup.parse({
    version: 1,
    cluster: 'local',
    group: 'worker',
    machine: 'nspawn',
    count: 2,
    image,
    registry: '.kiln/registry',
    network: { gateway: '10.213.0.1/24', first: '10.213.0.20', forward: { '7443': '127.0.0.1:7443' } },
    node: {
      version: 1,
      cluster: 'local',
      role: 'worker',
      master: { host: '10.213.0.10', port: 7077 },
      image,
      scratch: { kind: 'directory' },
      stores: [],
      secrets: { spark: { credential: 'spark-secret' } },
      spark: { conf: {} },
    },
    credentials: { 'spark-secret': { generate: 'cluster' } },
    cpus: 2,
    memoryMiB: 2048,
    disks: { count: 2, sizeMiB: 128 },
    ...changes,
  });
}

export function masterGroup(): LaunchGroup {
  const worker = launchGroup();
  return launchGroup({
    group: 'master',
    count: 1,
    network: { ...worker.network, first: '10.213.0.10' },
    node: { ...worker.node, role: 'master' },
  });
}
