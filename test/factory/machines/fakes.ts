import type { Machine, MachineDriver, MachineKind } from '../../../factory/machines/driver';
import type { Machinery } from '../../../factory/machines/machinery';
import type { NodeStatus } from '../../../factory/machines/status';
import { type FakeAnswer, FakeSandboxes } from '../../../factory/ports/sandbox/sandbox-fake';

/** Machines in memory: a label in the sandbox, and what a test says that the node says. */
class FakeDriver implements MachineDriver {
  readonly started: string[] = [];
  readonly stopped: string[] = [];
  readonly says = new Map<string, NodeStatus>();

  constructor(readonly kind: MachineKind = 'nspawn') {}

  async start(machine: Machine, { sandbox }: Parameters<MachineDriver['start']>[1]): Promise<void> {
    this.started.push(machine.name);
    await sandbox.spawn(machine.name, 'machine', [], { log: '/dev/null' });
  }

  async stop(name: string, sandbox: Parameters<MachineDriver['stop']>[1]): Promise<void> {
    if ((await sandbox.alive(name)) !== undefined) this.stopped.push(name);
    await sandbox.kill(name);
  }

  enter(): Promise<readonly string[]> {
    return Promise.resolve(['enter']);
  }

  status({ name }: { readonly name: string }): Promise<NodeStatus | undefined> {
    return Promise.resolve(this.says.get(name));
  }

  say(name: string, phase: NodeStatus['phase'], fault: NodeStatus['fault'] = null): void {
    const node = { cluster: 'local', role: 'worker', image: null, scratch: null, timings: {} };
    this.says.set(name, { version: 1, ...node, phase, fault });
  }
}

export interface FakeMachinery extends Machinery {
  readonly sandboxes: FakeSandboxes;
  readonly driver: FakeDriver;
  /** What a master answers at /json/; set by the test. */
  page: unknown;
  /** What is answered inside the cluster's network, by URL; set by the test. */
  readonly inside: Map<string, unknown>;
  /** Called at every wait, with the milliseconds that have passed. */
  onSleep: (now: number) => void;
}

/** @param answer of what is run in a sandbox. */
export function fakeMachinery(clusters: string, answer?: FakeAnswer): FakeMachinery {
  const driver = new FakeDriver();
  let now = 0;
  let port = 40_000;
  const machinery: FakeMachinery = {
    sandboxes: new FakeSandboxes(answer),
    driver,
    drivers: { nspawn: driver, qemu: new FakeDriver('qemu') },
    withLock: (_file, _purpose, work) => work(),
    acceleration: () => Promise.resolve({ accelerator: 'tcg', reason: 'a test' }),
    freePort: () => Promise.resolve((port += 1)),
    fetchJson: () => Promise.resolve(machinery.page),
    inside: new Map(),
    fetchInside: (_sandbox, url) => Promise.resolve(machinery.inside.get(url)),
    clock: {
      now: () => now,
      sleep: (milliseconds) => {
        now += milliseconds;
        machinery.onSleep(now);
        return Promise.resolve();
      },
    },
    leaveGroups: () => Promise.resolve(),
    clusters,
    page: undefined,
    onSleep: () => undefined,
  };
  return machinery;
}
