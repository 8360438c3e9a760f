import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { KilnError } from '../../../factory/errors';
import type { Machine, MachineKind } from '../../../factory/machines/driver';
import { macOf, parseGateway, planChange, planMachines } from '../../../factory/machines/plan';
import { IMAGE, launchGroup, masterGroup } from './group';

const plan = (
  group = launchGroup(),
  kind: MachineKind = 'nspawn',
  credentialsDigest = '',
): readonly Machine[] =>
  planMachines(group, { kind, image: IMAGE, folder: '/state/clusters/local', credentialsDigest });

const faultsOf = (action: () => unknown): readonly string[] => {
  try {
    action();
  } catch (error) {
    if (error instanceof KilnError) return error.faults.map(({ where }) => where);
    throw error;
  }
  return [];
};

describe('the machines of a launch group', () => {
  it('are numbered, named after cluster and group, and have addresses in a row', () => {
    expect(plan().map(({ name, network, folder }) => [name, network.address, network.mac, folder])).toEqual([
      ['local-worker-1', '10.213.0.20', '02:4b:0a:d5:00:14', '/state/clusters/local/local-worker-1'],
      ['local-worker-2', '10.213.0.21', '02:4b:0a:d5:00:15', '/state/clusters/local/local-worker-2'],
    ]);
  });

  it('get node.json by user data, as it stands in the group', () => {
    const [machine] = plan();
    const written = (parse(machine?.seed['user-data'] ?? '') as { write_files: { content: string }[] })
      .write_files[0];
    expect(JSON.parse(written?.content ?? '')).toEqual(launchGroup().node);
  });

  it('get the scratch policy of the driver that runs them', () => {
    const disks = {
      kind: 'disks' as const,
      select: { serialPrefix: 'kiln-scratch-' },
      disks: 2,
      deadline: 30,
      missing: 'fail' as const,
    };
    const group = launchGroup({ scratch: { qemu: disks, nspawn: { kind: 'directory' } } });
    expect(plan(group, 'qemu')[0]?.node.scratch).toEqual(disks);
    expect(plan(group, 'nspawn')[0]?.node.scratch).toEqual({ kind: 'directory' });
  });

  it('have a static address on host0 in a container, and on the interface with their MAC in QEMU', () => {
    const of = (kind: MachineKind): unknown =>
      parse(plan(launchGroup(), kind)[0]?.seed['network-config'] ?? '');
    expect(of('nspawn')).toMatchObject({
      version: 2,
      ethernets: { host0: { addresses: ['10.213.0.20/24'], dhcp4: false } },
    });
    expect(of('qemu')).toMatchObject({
      ethernets: { lan0: { match: { macaddress: '02:4b:0a:d5:00:14' }, addresses: ['10.213.0.20/24'] } },
    });
  });

  it.each([
    ['an address outside the subnet', { first: '10.214.0.20' }, ['network.first']],
    ['the broadcast address', { first: '10.213.0.254' }, ['network.first']],
    ['the subnet itself', { first: '10.213.0.0' }, ['network.first', 'network.first']],
    ['the gateway', { first: '10.213.0.1' }, ['network.first']],
    ['a gateway that is none', { gateway: 'kiln0' }, ['network.gateway']],
  ])('are refused with %s', (_, network, where) => {
    const group = launchGroup();
    expect(faultsOf(() => plan({ ...group, network: { ...group.network, ...network } }))).toEqual(where);
  });

  it('are refused with every fault at once', () => {
    const group = launchGroup({ cluster: 'c'.repeat(40), group: 'g'.repeat(40) });
    const wrong = { ...group, node: { ...group.node, role: 'master' as const } };
    expect(faultsOf(() => plan(wrong))).toEqual(['cluster, group', 'node.cluster', 'count']);
  });

  it('are refused when node.json names another image than the group', () => {
    const group = launchGroup();
    const image = { ...group.image, digest: `sha256:${'c'.repeat(64)}` };
    expect(faultsOf(() => plan({ ...group, image }))).toEqual(['node.image']);
  });

  it('have the same fingerprint for the same input, and another one for any change', () => {
    const group = launchGroup();
    const base = plan()[0]?.fingerprint;
    expect(plan()[0]?.fingerprint).toBe(base);
    const changed = [
      plan({ ...group, memoryMiB: 4096 }),
      plan({ ...group, node: { ...group.node, spark: { conf: { 'spark.ui.enabled': 'true' } } } }),
      plan(group, 'qemu'),
      plan(group, 'nspawn', 'other credentials'),
    ].map((machines) => machines[0]?.fingerprint);
    expect(new Set([base, ...changed]).size).toBe(5);
  });

  it('keep their fingerprint when only the number of machines changes', () => {
    expect(plan(launchGroup({ count: 5 })).slice(0, 2)).toEqual(plan());
  });
});

describe('a MAC address', () => {
  it('is locally administered, unicast and different for different addresses', () => {
    const address = fc.ipV4();
    fc.assert(
      fc.property(address, address, (a, b) => {
        const first = Number.parseInt(macOf(a).slice(0, 2), 16);
        expect(first & 3).toBe(2);
        expect(macOf(a) === macOf(b)).toBe(a === b);
      }),
    );
  });
});

describe('a gateway', () => {
  it.each(['10.213.0.1', '10.213.0.1/7', '10.213.0.1/31', '10.213.0.256/24', 'fd00::1/64', ''])(
    'is not %j',
    (text) => {
      expect(parseGateway(text)).toBeUndefined();
    },
  );
});

describe('what has to be done', () => {
  const running = (machines: readonly Machine[], alive = true): { machine: Machine; alive: boolean }[] =>
    machines.map((machine) => ({ machine, alive }));

  it('is to start all that is new', () => {
    const change = planChange(plan(), [], 'worker');
    expect(change.start.map(({ machine, reason }) => [machine.name, reason])).toEqual([
      ['local-worker-1', 'new'],
      ['local-worker-2', 'new'],
    ]);
  });

  it('is nothing when all runs as planned', () => {
    expect(planChange(plan(), running(plan()), 'worker')).toEqual({ keep: plan(), start: [], remove: [] });
  });

  it('is to start again what had ended', () => {
    const change = planChange(plan(), running(plan(), false), 'worker');
    expect(change.start.map(({ reason }) => reason)).toEqual(['it had ended', 'it had ended']);
  });

  it('is to replace what is configured otherwise, and to say when the image is another', () => {
    const other = { ...IMAGE, digest: `sha256:${'c'.repeat(64)}` };
    const before = plan(launchGroup({ memoryMiB: 4096 }));
    expect(planChange(plan(), running(before), 'worker').start[0]?.reason).toBe('its configuration changed');
    const older = before.map((machine) => ({ ...machine, image: other }));
    expect(planChange(plan(), running(older), 'worker').start[0]?.reason).toBe('another image');
  });

  it('is to remove what is no longer wanted, and to leave other groups alone', () => {
    const master = plan(masterGroup());
    const change = planChange(plan(launchGroup({ count: 1 })), running([...plan(), ...master]), 'worker');
    expect(change).toMatchObject({ start: [], remove: ['local-worker-2'] });
  });

  it('is refused when another group has an address', () => {
    const group = masterGroup();
    const master = plan({ ...group, network: { ...group.network, first: '10.213.0.21' } });
    expect(faultsOf(() => planChange(plan(), running(master), 'worker'))).toEqual(['local-worker-2']);
  });

  it('leaves exactly the planned machines, whatever ran before', () => {
    const counts = fc.integer({ min: 0, max: 8 });
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 8 }), fc.boolean(), (before, wanted, alive) => {
        const old = before === 0 ? [] : plan(launchGroup({ count: before }));
        const planned = plan(launchGroup({ count: wanted }));
        const { keep, start, remove } = planChange(planned, running(old, alive), 'worker');
        const after = [...keep, ...start.map(({ machine }) => machine)].map(({ name }) => name).sort();
        expect(after).toEqual(planned.map(({ name }) => name).sort());
        expect(remove).toHaveLength(Math.max(0, before - wanted));
      }),
    );
  });
});
