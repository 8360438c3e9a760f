import { spawn } from 'node:child_process';
import { userInfo } from 'node:os';
import { KilnError, type Fault } from '../errors';
import type { Exec } from '../ports/machine/exec';
import type { System } from '../ports/machine/system';

/** A base system has owners up to 65534, nobody: as many ids as that must be mapped, and root's. */
const IDS = 65_536;

/** This user becomes 0, the ids of /etc/subuid and /etc/subgid the others. */
const NAMESPACE = ['--user', '--map-root-user', '--map-auto'];

/** What a recipe's sandbox is made of: namespaces of its own, and in them a user namespace with mounts of its own. */
export const SANDBOX = [
  ...['--mount', '--pid', '--net', '--ipc', '--uts', '--cgroup', '--fork', '--mount-proc'],
  ...['unshare', '--user', '--mount', '--map-root-user'],
];

type Machine = Pick<System, 'user' | 'which' | 'read'>;

/** Switches with which a kernel or a distribution keeps ordinary users from namespaces. */
const SWITCHES: readonly {
  readonly file: string;
  readonly forbids: (value: string) => boolean;
  readonly what: string;
  readonly hint: string;
}[] = [
  {
    file: '/proc/sys/kernel/unprivileged_userns_clone',
    forbids: (value) => value === '0',
    what: 'this kernel lets only root make user namespaces',
    hint: 'as root: sysctl -w kernel.unprivileged_userns_clone=1 (and in /etc/sysctl.d to keep it)',
  },
  {
    file: '/proc/sys/user/max_user_namespaces',
    forbids: (value) => value === '0',
    what: 'no user namespace may be made on this machine',
    hint: 'as root: sysctl -w user.max_user_namespaces=15000 (and in /etc/sysctl.d to keep it)',
  },
  {
    file: '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
    forbids: (value) => value === '1',
    what: 'AppArmor takes from user namespaces what root may do there (Ubuntu 23.10 and later)',
    hint: 'as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or a profile for /usr/bin/unshare that has `userns,`',
  },
];

/** Ids that a file like /etc/subuid gives a user; unshare takes the first line. */
function granted(text: string | undefined, user: string, uid: number): number {
  const line = (text ?? '')
    .split('\n')
    .map((each) => each.trim().split(':'))
    .find(([name]) => name === user || name === String(uid));
  return Number(line?.[2] ?? 0);
}

/** What an ordinary user lacks for a namespace of their own, and the way to each; empty when it should work. */
export function namespaceFaults(system: Machine, user: string): Fault[] {
  const faults: Fault[] = [];
  for (const program of ['newuidmap', 'newgidmap']) {
    if (system.which(program) === undefined)
      faults.push({ where: program, what: 'is not on PATH', hint: 'as root: apt-get install uidmap' });
  }
  for (const kind of ['uid', 'gid'] as const) {
    const file = `/etc/sub${kind}`;
    const ids = granted(system.read(file), user, system.user);
    if (ids < IDS)
      faults.push({
        where: file,
        what: `gives user ${user} ${String(ids)} ids; a base system's files need ${String(IDS)}`,
        hint: `as root: usermod --add-sub${kind}s 100000-165535 ${user} (ids that no other user has)`,
      });
  }
  for (const { file, forbids, what, hint } of SWITCHES) {
    if (forbids((system.read(file) ?? '').trim())) faults.push({ where: file, what, hint });
  }
  return faults;
}

/**
 * Whether this user can be root of a namespace; `faults` empty when it works, else with all that is in the way.
 * A switch that forbids may be overruled (a profile), so what counts is the trial.
 */
export async function tryNamespace(exec: Exec, system: Machine): Promise<readonly Fault[]> {
  const tried = await exec.run(system.which('unshare') ?? 'unshare', [...NAMESPACE, ...SANDBOX, 'true'], {
    accept: [...Array(256).keys()],
  });
  if (tried.code === 0) return [];
  const faults = namespaceFaults(system, userInfo().username);
  return faults.length > 0 ? faults : [{ where: 'unshare', what: tried.stderr.trim() }];
}

/**
 * Root as it is, or root of a user namespace: an ordinary user's command is run again as the first process of
 * one, where its user is 0 and may have files of other owners, mount and chroot, and nowhere else. A kill -9
 * of either ends both.
 * @returns false when this process has root already and goes on itself; true when all was done in there, with
 * its exit code as this process's.
 * @throws KilnError `no-user-namespace`.
 */
export async function rerunAsRoot(exec: Exec, system: Machine): Promise<boolean> {
  if (system.user === 0) return false;
  const faults = await tryNamespace(exec, system);
  if (faults.length > 0) {
    throw new KilnError({
      code: 'no-user-namespace',
      what: 'a base system has files of several owners: without root, a bake needs a user namespace',
      faults,
      hint: 'or run it as root: sudo -E kiln …',
    });
  }
  const command = [
    'unshare',
    ...NAMESPACE,
    '--',
    process.execPath,
    ...process.execArgv,
    ...process.argv.slice(1),
  ];
  process.exitCode = await new Promise<number>((resolve, reject) => {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], { stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => {
      resolve(code ?? 3);
    });
  });
  return true;
}
