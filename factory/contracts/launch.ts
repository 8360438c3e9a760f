import { z } from 'zod';
import { Digest, Name } from './digest';
import { NodeConfig, ScratchPolicy } from './node';

/**
 * A group of like machines of one cluster on this machine: what LocalClusterStack hands to
 * `kiln machines up`. The count is a number, so that a plan is as small for 100 as for 2.
 */
export const LaunchGroup = z.strictObject({
  version: z.literal(1),
  cluster: Name,
  group: Name,
  /** `auto`: QEMU where KVM works (found out by booting), else systemd-nspawn. */
  machine: z.enum(['auto', 'qemu', 'nspawn']),
  count: z.int().min(1).max(64),
  image: z.strictObject({ digest: Digest, contentId: Digest }),
  /** The registry's folder, relative to the project, or its bucket's address as factory.yaml has it. */
  registry: z.string(),
  network: z.strictObject({
    /** Bridge address with prefix; every local cluster has a network namespace of its own, so all may use the same. */
    gateway: z.string(),
    /** Address of the group's first machine; the next ones follow. */
    first: z.ipv4(),
    /** What nodes reach at the gateway: port there -> `host:port` on this machine's loopback. */
    forward: z.record(z.string(), z.string()),
  }),
  /** The same for every machine of the group. */
  node: NodeConfig,
  /**
   * What stands in node.scratch under each driver: a QEMU machine has disks of its own, a container a
   * directory, and with `auto` the driver is known only when the machines start.
   * Default: node.scratch as it is, under either.
   */
  scratch: z.strictObject({ qemu: ScratchPolicy, nspawn: ScratchPolicy }).optional(),
  /** Credential name -> where its value comes from; paths relative to the project. */
  credentials: z.record(
    z.string(),
    z.union([
      z.strictObject({ file: z.string() }),
      /** Made once for the cluster, kept in memory-backed files. */
      z.strictObject({ generate: z.literal('cluster') }),
    ]),
  ),
  /** Size of one machine (QEMU; a limit for nspawn). */
  cpus: z.int().min(1),
  memoryMiB: z.int().min(512),
  /** Emulated NVMe scratch disks of each QEMU machine. */
  disks: z.strictObject({ count: z.int().min(0).max(8), sizeMiB: z.int().min(64) }),
});
export type LaunchGroup = z.infer<typeof LaunchGroup>;
