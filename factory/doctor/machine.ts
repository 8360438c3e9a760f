import { defined } from '../defined';
import { KilnError } from '../errors';
import type { Exec } from '../ports/machine/exec';
import type { System } from '../ports/machine/system';
import { SANDBOX, tryNamespace } from '../bake/user-namespace';
import type { Finding } from './finding';
import { formatSize } from '../units';

const GIB = 1024 ** 3;
/** Measured: vault 1.2 GB, layers and tools 2.5 GB in the cache; a disk of 3 GB, twice while it is made. */
const CACHE_BYTES = 6 * GIB;
const PROJECT_BYTES = 8 * GIB;
const STORE_PORT = 7443;

function space(system: System, subject: string, path: string, wanted: number): Finding {
  const free = system.freeBytes(path);
  const detail = `${formatSize(free)} free at ${path}`;
  return free >= wanted
    ? { subject, state: 'here', detail }
    : {
        subject,
        state: 'lack',
        detail,
        means: `a bake of everything wants ${formatSize(wanted)} there`,
        remedy: 'free disk space, or move the cache to another file system: KILN_CACHE=FOLDER',
      };
}

/** A file system the kernel has, or could load. */
async function fileSystem(system: System, exec: Exec, name: string, means: string): Promise<Finding> {
  const subject = `${name} in the kernel`;
  if (new RegExp(`\\t${name}$`, 'm').test(system.read('/proc/filesystems') ?? '')) {
    return { subject, state: 'here', detail: '/proc/filesystems' };
  }
  const modprobe = system.which('modprobe');
  if (modprobe !== undefined) {
    const dry = await exec.run(modprobe, ['--dry-run', '--quiet', name], { accept: [0, 1] });
    if (dry.code === 0) return { subject, state: 'here', detail: 'a module that mount loads' };
  }
  return {
    subject,
    state: 'lack',
    detail: 'neither built in nor a module',
    means,
    remedy: 'boot a kernel that has it; Debian’s own do',
  };
}

/** Root of a namespace is what an ordinary user bakes as. */
async function userNamespace(system: System, exec: Exec): Promise<Finding> {
  const subject = 'namespaces';
  const faults = await tryNamespace(exec, system);
  if (faults.length === 0) return { subject, state: 'here', detail: 'user, mount, process and network' };
  return {
    subject,
    state: 'lack',
    detail: faults.map(({ where, what }) => `${where} ${what}`).join('; '),
    means: 'an ordinary user bakes in a user namespace',
    remedy: faults.map(({ hint }) => hint ?? 'in a container: bake outside, or as its root').join('\n'),
  };
}

async function namespaces(system: System, exec: Exec): Promise<Finding> {
  if (system.user !== 0) return await userNamespace(system, exec);
  const subject = 'namespaces';
  const unshare = system.which('unshare');
  const lack = (detail: string): Finding => ({
    subject,
    state: 'lack',
    detail,
    means: 'bakes and local clusters run in private user, mount, process and network namespaces',
    remedy:
      'sysctl -w user.max_user_namespaces=15000 where it is 0; in a container, one with CAP_SYS_ADMIN and CAP_NET_ADMIN that lets its root make user namespaces',
  });
  if (unshare === undefined) return lack('no unshare on PATH');
  const tried = await exec.run(unshare, [...SANDBOX, 'true'], { accept: [...Array(256).keys()] });
  return tried.code === 0
    ? { subject, state: 'here', detail: 'user, mount, process and network' }
    : lack(tried.stderr.trim());
}

/** What the machine and its kernel allow. */
export async function machineFindings(
  system: System,
  exec: Exec,
  places: { readonly root: string; readonly cache: string },
): Promise<Finding[]> {
  const owner = system.portOwner(STORE_PORT);
  return [
    system.architecture === 'x64'
      ? { subject: 'processor', state: 'here', detail: 'x86-64' }
      : {
          subject: 'processor',
          state: 'lack',
          detail: system.architecture,
          means: 'images are x86-64 and so are the tools that make them',
          remedy: 'use a machine with an x86-64 processor',
        },
    system.user === 0
      ? { subject: 'root', state: 'here', detail: 'user 0' }
      : {
          subject: 'root',
          state: 'lack',
          detail: `user ${system.user}`,
          means: 'verify, store and local clusters need root; lock, bake, registry and synth do not',
          remedy: 'sudo -E kiln …',
        },
    await namespaces(system, exec),
    system.exists('/dev/loop-control')
      ? { subject: 'loop devices', state: 'here', detail: '/dev/loop-control' }
      : {
          subject: 'loop devices',
          state: 'lack',
          detail: 'no /dev/loop-control',
          means: 'local clusters mount the root file system of an image',
          remedy: 'modprobe loop',
        },
    await fileSystem(system, exec, 'erofs', 'local clusters cannot mount an image’s root file system'),
    await fileSystem(system, exec, 'overlay', 'local clusters cannot lay a writable layer over an image'),
    space(system, 'disk space for the cache', places.cache, CACHE_BYTES),
    space(system, 'disk space for the project', places.root, PROJECT_BYTES),
    owner === undefined
      ? { subject: `port ${STORE_PORT}`, state: 'here', detail: 'free' }
      : {
          subject: `port ${STORE_PORT}`,
          state: 'note',
          detail: `${owner.name} (process ${owner.pid}) listens on it`,
          means:
            owner.store === undefined
              ? 'kiln store up takes it by default'
              : `it is the object store of ${owner.store}`,
          remedy: 'kiln store up --port PORT takes another',
        },
  ];
}

/** Whether QEMU may use the processor itself. */
export async function accelerationFinding(
  probe: () => Promise<{ readonly accelerator: 'kvm' | 'tcg'; readonly reason: string }>,
): Promise<Finding[]> {
  const subject = 'KVM';
  const means = 'QEMU emulates every instruction: kiln verify takes minutes, local clusters run by nspawn';
  try {
    const { accelerator, reason } = await probe();
    return accelerator === 'kvm'
      ? [{ subject, state: 'here', detail: reason }]
      : [
          {
            subject,
            state: 'note',
            detail: reason,
            means,
            remedy: 'a machine or virtual machine with (nested) KVM',
          },
        ];
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    const detail = `could not be tried: ${error.message.split('\n')[0] ?? ''}`;
    return [{ subject, state: 'note', detail, ...defined({ remedy: error.hint }) }];
  }
}
