import type { withLock } from '../files/lock';
import type { Sandbox, Sandboxes } from '../ports/sandbox/sandbox';
import type { MachineDriver, MachineKind } from './driver';

/** What the commands on machines stand on: this machine's own parts, or fakes of them. */
export interface Machinery {
  readonly sandboxes: Sandboxes;
  readonly drivers: Readonly<Record<MachineKind, MachineDriver>>;
  readonly withLock: typeof withLock;
  /** Whether KVM truly works here (found out by booting), and how that is known. */
  readonly acceleration: () => Promise<{ readonly accelerator: 'kvm' | 'tcg'; readonly reason: string }>;
  /** A port of 127.0.0.1 that nobody has. */
  readonly freePort: () => Promise<number>;
  /** GET of a JSON document; undefined while nobody answers. */
  readonly fetchJson: (url: string) => Promise<unknown>;
  /** The same from inside a cluster's network, where its nodes' addresses are. */
  readonly fetchInside: (sandbox: Sandbox, url: string) => Promise<unknown>;
  /** Milliseconds; `sleep` waits for that long. */
  readonly clock: { readonly now: () => number; readonly sleep: (milliseconds: number) => Promise<void> };
  /** Removes the control groups that a file of a driver lists, and the file. */
  readonly leaveGroups: (list: string) => Promise<void>;
  /** Folder of all clusters of this machine. */
  readonly clusters: string;
}
