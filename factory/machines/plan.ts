import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { LaunchGroup } from '../contracts/launch';
import type { NodeConfig } from '../contracts/node';
import { userData } from '../contracts/user-data';
import { KilnError, type Fault } from '../errors';
import type { Machine, MachineImage, MachineKind } from './driver';

/** What a plan needs beside the group. */
interface PlanInput {
  readonly kind: MachineKind;
  readonly image: MachineImage;
  /** Folder of the cluster's disk state; a machine's folder lies in it. */
  readonly folder: string;
  /** Changes when the value of any credential changes: a node reads them at its start only. */
  readonly credentialsDigest: string;
}

interface Subnet {
  readonly gateway: string;
  readonly prefix: number;
}

const toNumber = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const toAddress = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');

/** `10.213.0.1/24` in its parts; undefined when it is not an IPv4 address with a prefix of 8 to 30. */
export function parseGateway(text: string): Subnet | undefined {
  const parts = /^((?:\d{1,3}\.){3}\d{1,3})\/(\d{1,2})$/.exec(text);
  const [, gateway, length] = parts ?? [];
  if (gateway === undefined || length === undefined) return undefined;
  const prefix = Number(length);
  const octets = gateway.split('.').map(Number);
  return octets.every((octet) => octet <= 255) && prefix >= 8 && prefix <= 30
    ? { gateway, prefix }
    : undefined;
}

/** Locally administered, unicast, and as unique as the address it is made from. */
export function macOf(address: string): string {
  const octets = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return `02:4b:${octets.join(':')}`;
}

/** Name of the interface in a container; a QEMU machine's is found by its address. */
const CONTAINER_INTERFACE = 'host0';

/** cloud-init's network configuration, version 2, static: no DHCP server, no DNS on this bridge. */
function networkConfig(kind: MachineKind, network: Machine['network']): string {
  const settings = {
    dhcp4: false,
    dhcp6: false,
    'link-local': [],
    addresses: [`${network.address}/${String(network.prefix)}`],
    routes: [{ to: '0.0.0.0/0', via: network.gateway }],
  };
  const ethernets =
    kind === 'nspawn'
      ? { [CONTAINER_INTERFACE]: settings }
      : { lan0: { match: { macaddress: network.mac }, ...settings } };
  return stringify({ version: 2, ethernets });
}

/** The longest host name Linux takes. */
const HOST_NAME = 63;

function faultsOf(group: LaunchGroup, subnet: Subnet | undefined): Fault[] {
  const faults: Fault[] = [];
  const longest = `${group.cluster}-${group.group}-${String(group.count)}`;
  if (longest.length > HOST_NAME) {
    faults.push({
      where: 'cluster, group',
      what: `${longest} is longer than a host name may be (${String(HOST_NAME)})`,
      hint: 'choose shorter names',
    });
  }
  if (group.node.cluster !== group.cluster) {
    faults.push({
      where: 'node.cluster',
      what: `is ${group.node.cluster}, the group is of ${group.cluster}`,
    });
  }
  const { digest, contentId } = group.node.image;
  if (digest !== group.image.digest || contentId !== group.image.contentId) {
    faults.push({ where: 'node.image', what: 'is not the image of the group' });
  }
  if (group.node.role === 'master' && group.count !== 1) {
    faults.push({ where: 'count', what: `there is one master, not ${String(group.count)}` });
  }
  if (subnet === undefined) {
    faults.push({ where: 'network.gateway', what: `${group.network.gateway} is not ADDRESS/PREFIX` });
    return faults;
  }
  const size = 2 ** (32 - subnet.prefix);
  const base = Math.floor(toNumber(subnet.gateway) / size) * size;
  const first = toNumber(group.network.first);
  const last = first + group.count - 1;
  const gateway = toNumber(subnet.gateway);
  if (first <= base || last >= base + size - 1) {
    faults.push({
      where: 'network.first',
      what: `${group.network.first} and the ${String(group.count - 1)} after it do not lie in ${toAddress(base)}/${String(subnet.prefix)}`,
    });
  }
  if (gateway >= first && gateway <= last) {
    faults.push({
      where: 'network.first',
      what: `the gateway ${subnet.gateway} lies among the group's addresses`,
    });
  }
  return faults;
}

/**
 * The machines of a group: pure, the same for the same input.
 * @throws KilnError `launch-invalid` with every fault.
 */
export function planMachines(group: LaunchGroup, input: PlanInput): readonly Machine[] {
  const subnet = parseGateway(group.network.gateway);
  const faults = faultsOf(group, subnet);
  if (faults.length > 0 || subnet === undefined) {
    throw new KilnError({
      code: 'launch-invalid',
      what: `the group ${group.group} of the cluster ${group.cluster} cannot be started as it is`,
      exitCode: 2,
      faults,
    });
  }
  const node: NodeConfig = { ...group.node, scratch: group.scratch?.[input.kind] ?? group.node.scratch };
  const disks = input.kind === 'qemu' ? group.disks : { count: 0, sizeMiB: group.disks.sizeMiB };
  return Array.from({ length: group.count }, (_, index) => {
    const name = `${group.cluster}-${group.group}-${String(index + 1)}`;
    const address = toAddress(toNumber(group.network.first) + index);
    const network = { address, prefix: subnet.prefix, gateway: subnet.gateway, mac: macOf(address) };
    const decided = {
      cluster: group.cluster,
      group: group.group,
      name,
      kind: input.kind,
      image: input.image,
      network,
      node,
      seed: {
        // cloud-init takes another instance-id for another machine: the fingerprint is not known yet,
        // but a replaced machine starts from an empty /var and so runs everything anew.
        'meta-data': stringify({ 'instance-id': name, 'local-hostname': name }),
        'user-data': userData(node),
        'network-config': networkConfig(input.kind, network),
      },
      cpus: group.cpus,
      memoryMiB: group.memoryMiB,
      disks,
      folder: join(input.folder, name),
    };
    const fingerprint = createHash('sha256')
      .update(JSON.stringify([decided, input.credentialsDigest]))
      .digest('hex');
    return { ...decided, fingerprint };
  });
}

/** One machine as it was started before. */
interface Running {
  readonly machine: Machine;
  readonly alive: boolean;
}

interface Change {
  readonly keep: readonly Machine[];
  readonly start: readonly { readonly machine: Machine; readonly reason: string }[];
  /** Names: no longer wanted. */
  readonly remove: readonly string[];
}

/**
 * What to do so that exactly the planned machines of a group run.
 * @throws KilnError `address-in-use` when a machine of another group has a planned address.
 */
export function planChange(planned: readonly Machine[], cluster: readonly Running[], group: string): Change {
  const others = cluster.filter(({ machine }) => machine.group !== group);
  const faults = planned.flatMap((machine) =>
    others
      .filter((other) => other.machine.network.address === machine.network.address)
      .map((other) => ({
        where: machine.name,
        what: `${machine.network.address} is the address of ${other.machine.name}`,
        hint: 'give the groups of a cluster addresses apart (network.first)',
      })),
  );
  if (faults.length > 0) {
    throw new KilnError({ code: 'address-in-use', what: `addresses of ${group} are in use`, faults });
  }
  const before = new Map(
    cluster
      .filter(({ machine }) => machine.group === group)
      .map((running) => [running.machine.name, running]),
  );
  const keep: Machine[] = [];
  const start: { machine: Machine; reason: string }[] = [];
  for (const machine of planned) {
    const running = before.get(machine.name);
    if (running === undefined) start.push({ machine, reason: 'new' });
    else if (running.machine.fingerprint !== machine.fingerprint) {
      const image = running.machine.image.digest !== machine.image.digest;
      start.push({ machine, reason: image ? 'another image' : 'its configuration changed' });
    } else if (!running.alive) start.push({ machine, reason: 'it had ended' });
    else keep.push(machine);
  }
  const wanted = new Set(planned.map(({ name }) => name));
  return { keep, start, remove: [...before.keys()].filter((name) => !wanted.has(name)) };
}
