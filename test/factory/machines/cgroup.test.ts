import { describe, expect, it } from 'vitest';
import { hierarchies, planCgroup } from '../../../factory/machines/cgroup';

const HYBRID_MOUNTS = `30 24 0:26 / /sys/fs/cgroup rw,relatime shared:5 - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
34 30 0:30 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
38 30 0:34 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
39 30 0:35 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw`;
const HYBRID_OWN = `9:name=systemd:/
4:memory:/caller/1
1:cpu:/
0::/`;

describe('the control group of a container', () => {
  it('is made in every hierarchy that matters, below our own, with limits where there are controllers', () => {
    const plan = planCgroup(hierarchies(HYBRID_MOUNTS, HYBRID_OWN), 'kiln-local/m1', {
      cpus: 2,
      memoryMiB: 1024,
    });
    expect(plan).toEqual({
      folders: [
        '/sys/fs/cgroup/unified/kiln-local/m1',
        '/sys/fs/cgroup/systemd/kiln-local/m1',
        '/sys/fs/cgroup/memory/caller/1/kiln-local/m1',
        '/sys/fs/cgroup/cpu/kiln-local/m1',
      ],
      limits: [
        { file: '/sys/fs/cgroup/memory/caller/1/kiln-local/m1/memory.limit_in_bytes', value: '1073741824' },
        { file: '/sys/fs/cgroup/cpu/kiln-local/m1/cpu.cfs_quota_us', value: '200000' },
      ],
    });
  });

  it('is made once where there is version 2 alone, as systemd has it', () => {
    const mounts = '25 20 0:22 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate';
    const own = '0::/user.slice/user-0.slice/session-1.scope';
    expect(planCgroup(hierarchies(mounts, own), 'kiln-local/m1', { cpus: 2, memoryMiB: 1024 })).toEqual({
      folders: ['/sys/fs/cgroup/user.slice/user-0.slice/session-1.scope/kiln-local/m1'],
      limits: [],
    });
  });

  it('lies below what is mounted when only a part of the hierarchy is', () => {
    const mounts = '25 20 0:22 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup rw';
    expect(hierarchies(mounts, '0::/docker/abc/inner')).toEqual([
      { own: '/sys/fs/cgroup/inner', kinds: ['cgroup2'] },
    ]);
  });

  it('is not made where no hierarchy is mounted', () => {
    const plan = planCgroup(hierarchies('', '0::/'), 'kiln-local/m1', { cpus: 1, memoryMiB: 512 });
    expect(plan).toEqual({ folders: [], limits: [] });
  });
});
