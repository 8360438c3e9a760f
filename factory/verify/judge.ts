import type { ImageRecord } from '../contracts/record';
import type { Verdict } from '../contracts/verdict';
import type { ProofStatus } from './status';

export type Check = Verdict['checks'][number];

/** Emulated NVMe disks that a proof gives the machine. */
export const SCRATCH_DISKS = 2;

/** What was seen of one boot. */
export interface Observation {
  /** sha256 of the disk that was booted, as `sha256:…`. */
  readonly diskDigest: string;
  /** The last that the node said; undefined when it never said anything. */
  readonly status: ProofStatus | undefined;
  /** How the wait ended. */
  readonly end: 'reported' | 'deadline' | 'machine-ended' | 'panic';
  /** Seconds waited. */
  readonly seconds: number;
}

const check = (name: string, ok: boolean, detail: string): Check => ({ name, ok, detail });

const ends = {
  reported: '',
  deadline: 'the deadline passed',
  'machine-ended': 'the machine ended',
  panic: 'the kernel panicked',
} as const;

function target({ status, end, seconds }: Observation): Check {
  const name = 'target reached';
  const after = `${seconds.toFixed(0)} s`;
  if (status === undefined)
    return check(name, false, `${ends[end]} after ${after}, and the node never said anything`);
  if (status.fault !== null) {
    const { unit, what, hint } = status.fault;
    return check(name, false, `${unit ?? 'a step'} failed: ${what}${hint === null ? '' : ` (${hint})`}`);
  }
  if (status.system === undefined)
    return check(name, false, `${ends[end]} after ${after} in phase ${status.phase}`);
  const { target: reached, state } = status.system;
  return check(
    name,
    reached.active && status.phase === 'ready',
    `${reached.name} ${reached.active ? 'active' : 'not active'}, node ${status.phase}, system ${state}`,
  );
}

function units({ status }: Observation): Check {
  const name = 'no failed unit';
  const failed = status?.system?.failedUnits;
  if (failed === undefined) return check(name, false, 'not known: no report came');
  return check(name, failed.length === 0, failed.length === 0 ? '0 failed units' : failed.join(', '));
}

function scratch({ status }: Observation): Check {
  const name = 'scratch is a mounted RAID0';
  const said = status?.scratch;
  const seen = status?.system?.scratch;
  if (said === undefined || said === null || seen === undefined || seen === null)
    return check(name, false, 'nothing is mounted at /scratch');
  const ok =
    said.mounted &&
    said.members.length === SCRATCH_DISKS &&
    seen.level === 'raid0' &&
    seen.members === SCRATCH_DISKS;
  return check(
    name,
    ok,
    `${seen.source}: ${seen.level ?? 'no array'} of ${String(seen.members ?? 1)} disks (${said.members.join(', ')}), ${seen.fstype}`,
  );
}

function identity(record: ImageRecord, { status, diskDigest }: Observation): readonly Check[] {
  const image = status?.image;
  return [
    check(
      'disk is the one recorded',
      diskDigest === record.digest,
      diskDigest === record.digest ? record.digest : `is ${diskDigest}, recorded is ${record.digest}`,
    ),
    image === undefined || image === null
      ? check('node knows its image', false, 'the node said nothing about its image')
      : check(
          'node knows its image',
          image.matches && image.digest === record.digest && image.contentId === record.contentId,
          image.contentId === record.contentId
            ? `content ${image.contentId}`
            : `content is ${image.contentId}, recorded is ${record.contentId}`,
        ),
  ];
}

function rootReadOnly({ status }: Observation): Check {
  const root = status?.system?.root;
  const name = 'root is read-only';
  if (root === undefined) return check(name, false, 'not known: no report came');
  return check(
    name,
    root.readOnly,
    `${root.fstype ?? 'unknown'}, ${root.readOnly ? 'read-only' : 'writable'}`,
  );
}

function sealed(record: ImageRecord, { status }: Observation): Check {
  const seal = status?.system?.seal;
  const name = 'root is sealed';
  if (seal === undefined) return check(name, false, 'not known: no report came');
  if (seal === null) return check(name, false, 'there is no dm-verity under the root');
  const { rootHash, intact, stops } = seal;
  const faults = [
    ...(rootHash === record.rootHash ? [] : [`root hash is ${rootHash}, recorded is ${record.rootHash}`]),
    ...(intact ? [] : ['a changed block was read']),
    ...(stops ? [] : ['a changed block would not stop the kernel']),
  ];
  return check(name, faults.length === 0, faults.length === 0 ? `root hash ${rootHash}` : faults.join(', '));
}

function overlay(folder: string, { status }: Observation): Check {
  const name = `${folder} is kept on the state partition`;
  const found = status?.system?.overlays[folder];
  if (found === undefined) return check(name, false, 'not known: no report came');
  if (found === null) return check(name, false, 'nothing is laid over it');
  const { fstype, upper, on } = found;
  return check(
    name,
    fstype === 'overlay' && upper !== null && on?.fstype === 'ext4',
    `${fstype}, upper layer ${upper ?? 'none'} on ${on === null ? 'nothing' : `${on.source} (${on.fstype})`}`,
  );
}

/**
 * Who may wait for callers on a machine without a role, with the reason; every address but loopback's is a way in.
 * Of systemd-resolved's two stubs and chrony's command port only this machine's own programs can be callers.
 */
const LISTENERS: readonly { readonly socket: RegExp; readonly programs: readonly string[] }[] = [
  // The way in for people, by key alone. Under its socket unit it is PID 1 that waits.
  { socket: /^tcp (0\.0\.0\.0|::):22$/, programs: ['sshd', 'systemd'] },
  { socket: /^(tcp|udp) 127\.0\.0\.5[34]:53$/, programs: ['systemd-resolve'] },
  { socket: /^udp (127\.0\.0\.1|::1):323$/, programs: ['chronyd'] },
  // A node's own metrics, at its private address; a machine without a network has only this one.
  { socket: /^tcp 127\.0\.0\.1:9477$/, programs: ['kiln-exporter'] },
];

function listeners({ status }: Observation): Check {
  const name = 'nothing listens that should not';
  const found = status?.system?.listening;
  if (found === undefined) return check(name, false, 'not known: no report came');
  const told = found.map(({ protocol, address, port, program }) => ({
    socket: `${protocol} ${address}:${String(port)}`,
    program: program ?? 'nobody known',
  }));
  const strangers = told.filter(
    ({ socket, program }) =>
      !LISTENERS.some((known) => known.socket.test(socket) && known.programs.includes(program)),
  );
  const text = (sockets: typeof told): string =>
    sockets.map(({ socket, program }) => `${socket} (${program})`).join(', ');
  return check(name, strangers.length === 0, text(strangers.length === 0 ? told : strangers));
}

/** Every check of a boot, in one order, each with what was seen. */
export function judge(record: ImageRecord, seen: Observation): readonly Check[] {
  return [
    ...identity(record, seen),
    target(seen),
    units(seen),
    scratch(seen),
    rootReadOnly(seen),
    sealed(record, seen),
    overlay('/etc', seen),
    overlay('/var', seen),
    listeners(seen),
  ];
}
