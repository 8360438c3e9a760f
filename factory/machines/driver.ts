import type { NodeConfig } from '../contracts/node';
import type { Sandbox } from '../ports/sandbox/sandbox';
import type { NodeStatus } from './status';

/** How a machine runs on this one. */
export type MachineKind = 'nspawn' | 'qemu';

/** The image a machine boots: its disk and where the root partition lies in it. */
export interface MachineImage {
  /** `sha256:…` of the raw disk. */
  readonly digest: string;
  /** Absolute path of image.raw; only ever read. */
  readonly raw: string;
  /** Absolute path of files.mtree beside it. */
  readonly manifest: string;
  /** Of the root partition, in bytes. */
  readonly root: { readonly start: number; readonly size: number };
}

/** One machine, planned: everything about it that can be known before anything is started. */
export interface Machine {
  readonly cluster: string;
  readonly group: string;
  /** `<cluster>-<group>-<n>`, n from 1; also its host name. */
  readonly name: string;
  readonly kind: MachineKind;
  readonly image: MachineImage;
  readonly network: {
    /** IPv4 address, and the length of its prefix. */
    readonly address: string;
    readonly prefix: number;
    /** The bridge's address. */
    readonly gateway: string;
    readonly mac: string;
  };
  readonly node: NodeConfig;
  /** The NoCloud seed: file name -> content. No secret stands in it. */
  readonly seed: {
    readonly 'meta-data': string;
    readonly 'user-data': string;
    readonly 'network-config': string;
  };
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly disks: { readonly count: number; readonly sizeMiB: number };
  /** On disk: console.log, and whatever the driver keeps (upper layers, scratch, disk images). */
  readonly folder: string;
  /** sha256 over everything above that decides what runs: differs = the machine is replaced. */
  readonly fingerprint: string;
}

/** Where machines of one cluster run. */
export interface MachineContext {
  readonly sandbox: Sandbox;
  /** Bridge inside the sandbox's network, up and with the gateway's address. */
  readonly bridge: string;
  /** System credentials: name -> file as seen inside the sandbox (memory-backed). */
  readonly credentials: Readonly<Record<string, string>>;
}

export interface MachineDriver {
  readonly kind: MachineKind;
  /**
   * Starts a machine and returns; the sandbox's label of its main process is the machine's name.
   * The folder is there and empty.
   */
  start(machine: Machine, context: MachineContext): Promise<void>;
  /** Ends a machine at once and frees what it held inside the sandbox. Nothing to do is no error. */
  stop(name: string, sandbox: Sandbox): Promise<void>;
  /**
   * Words to put before a program and its arguments, for the sandbox's `run`, so that it runs in the
   * machine as root; undefined when the machine has ended. Absent where there is no way in.
   */
  enter?(name: string, sandbox: Sandbox): Promise<readonly string[] | undefined>;
  /** What the node last said of itself (/run/kiln/status.json); undefined before it said anything. */
  status(
    machine: { readonly name: string; readonly folder: string },
    sandbox: Sandbox,
  ): Promise<NodeStatus | undefined>;
}

/** File in a machine's folder that gets everything its console shows. */
export const CONSOLE = 'console.log';
